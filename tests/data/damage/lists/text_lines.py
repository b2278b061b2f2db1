"""Damage to single lines of the text lists of CUB-200-2011 and MSMT17."""

from damage.lists.turns import TextList
from damage.tree.copies import listed_as
from damage.tree.variant import Variant, at, refused, whole, without


def paths(of: TextList) -> list[Variant]:
    """A path that is not as it was."""
    if of.name == "image_class_labels.txt":
        return []
    path, image = listed_as(of.image), of.image
    folder, _, name = path.rpartition("/")
    prefix = image.path[: -len(path)]
    backslashes = f"{folder}\\{name}"
    absent = {
        "quotes": f'"{path}"',
        "NUL": f"{folder}/{name[:-4]}\0.jpg",
        "the suffix in upper case": f"{path[:-4]}.JPG",
        "no suffix": path[:-4],
        "no folder": name,
        "the folder of all images": f"{prefix}{path}",
        "a name of 300 bytes": f"{folder}/{name[:-4]}{'x' * 300}.jpg",
        "a word behind": f"{path} x",
    }
    outside = {
        "an absolute path": f"/etc/{name}",
        "the parent folder": f"../{name}",
        "a parent folder within": f"{folder}/../../../{name}",
        "parent folders that come back": f"{folder}/../{path}",
        "a step that stays": f"./{path}",
        "a doubled slash": path.replace("/", "//"),
    }
    gone = refused("{folder}", "1 listed images are not there")

    def line(path: str) -> str:
        return of.written(image).replace(listed_as(image), path)

    made = [
        of.with_line(n, "wrong line", line(p), gone, without(of.layout, image))
        for n, p in absent.items()
    ]
    made += [of.with_line(n, "wrong line", line(p), at(of.name)) for n, p in outside.items()]
    # MSMT17's camera is in the file's name, which a path without a slash hides.
    found = (gone, without(of.layout, image)) if of.name == "images.txt" else (at(of.name), None)
    made.append(of.with_line("backslashes", "wrong line", line(backslashes), *found))
    return made


def numbers(of: TextList) -> list[Variant]:
    """An id, class or identity that is none."""
    wrong = {
        "letters": "x",
        "minus": "-1",
        "plus": "+1",
        "a fraction": "1.5",
        "an exponent": "1e0",
        "another base": "0x1",
        "ten digits": "9999999999",
        "5000 digits": "9" * 5000,
        "a superscript": "\u00b2",
        "not a number": "nan",
        "a comma": "1,5",
        "underscore": "1_0",
    }
    image = of.image
    refusal = at(of.name)
    made = []
    for name, text in wrong.items():
        if of.name == "images.txt":
            line = of.written(image, text)
            made.append(of.with_line(f"{name} as an id", "wrong line", line, refusal))
            continue
        line = f"{of.written(image).rpartition(' ')[0]} {text}"
        made.append(of.with_line(f"{name} as a class", "wrong line", line, refusal))
        if of.name == "image_class_labels.txt":
            line = of.written(image, text)
            made.append(of.with_line(f"{name} as an id", "wrong line", line, refusal))
    arabic = "".join(
        chr(0x0660 + int(digit)) for digit in of.written(image).split(" ")[0][:9] if digit.isdigit()
    )
    if of.layout.name == "cub200":
        line = of.written(image, arabic)
        made.append(of.with_line("digits of another script", "list format", line, whole(of.layout)))
        lost = refused("{folder}", of.name)
        for name, number in {"id zero": 0, "id of nine digits": 999_999_999}.items():
            made.append(of.with_line(name, "wrong line", of.written(image, number), lost))
        made.append(of.with_line("an id alone", "wrong line", "5", refusal))
        made.append(
            of.with_line("no id", "wrong line", of.written(image).partition(" ")[2], refusal)
        )
    else:
        path = listed_as(image)
        made.append(of.with_line("a path alone", "wrong line", path, refusal))
        made.append(of.with_line("an identity alone", "wrong line", "1", refusal))
        made.append(
            of.with_line("both the wrong way round", "wrong line", f"{image.label} {path}", refusal)
        )
        for name, new in {
            "no camera": "0000/0000_000.jpg",
            "letters as camera": "0000/0000_000_cc_0303_0008_0.jpg",
            "a camera below zero": "0000/0000_000_-1_0303_0008_0.jpg",
            "a camera of ten digits": f"0000/0000_000_{'9' * 10}_0303_0008_0.jpg",
            "no path": "",
        }.items():
            made.append(of.with_line(name, "wrong line", f"{new} {image.label}", refusal))
    return made
