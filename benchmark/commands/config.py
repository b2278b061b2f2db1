"""The command config."""

import argparse
import json

from rich.console import Console

from benchmark.commands.parser import Commands, refuse_overrides


def add_parser(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("config", help="every key of a run's configuration")
    shown = parser.add_mutually_exclusive_group(required=True)
    shown.add_argument("--schema", action="store_true", help="as a JSON schema")
    shown.add_argument("--reference", action="store_true", help="as a page of Markdown")
    parser.set_defaults(function=_config)


def _config(options: argparse.Namespace, console: Console) -> int:
    from benchmark.suite.config_reference import reference, schema

    refuse_overrides(options)
    text = json.dumps(schema(), indent=2, sort_keys=True) if options.schema else reference()
    console.out(text, highlight=False)
    return 0
