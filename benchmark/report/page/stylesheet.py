"""How the page looks."""

STYLESHEET = """
body { max-width: 1100px; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; color: #1c1c1c;
  background: #fff; font: 15px/1.55 "Source Sans 3", "Segoe UI", "Helvetica Neue", Arial,
  "DejaVu Sans", sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0; }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .6rem; padding-bottom: .25rem;
  border-bottom: 1px solid #d9d9d9; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p, li, dd, figcaption { max-width: 78ch; }
p { margin: .4rem 0; }
.lead { color: #555; }
.note { background: #fbf6e6; border-left: 3px solid #d8b440; padding: .5rem .8rem; }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: .3rem 1.2rem; margin: .8rem 0; }
dt { color: #555; }
dd { margin: 0; }
ul { padding-left: 1.2rem; margin: .4rem 0; }
li { margin: .3rem 0; overflow-wrap: anywhere; }
figure { margin: 1rem 0 1.6rem; }
figure img { display: block; width: 100%; max-width: 900px; height: auto; }
figcaption, .legend { color: #555; font-size: .87rem; margin-top: .5rem; }
.scroll { overflow-x: auto; border: 1px solid #e2e2e2; border-radius: 4px; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums;
  white-space: nowrap; width: 100%; }
th, td { padding: .32rem .75rem; text-align: right; vertical-align: top; }
th[scope=row], th.left, td.left, .objective th { text-align: left; }
thead th { border-bottom: 1px solid #999; font-weight: 600; background: #f6f6f6; }
tbody th { font-weight: 400; }
.objective th { font-weight: 600; border-top: 1px solid #e2e2e2; padding-top: .6rem; }
tbody tr:first-child th { border-top: 0; }
.flag td { color: #9a3412; padding: 0 .75rem .4rem 1.6rem; }
@media print { body { max-width: none; padding: 0; } .scroll { overflow: visible; } }
"""
