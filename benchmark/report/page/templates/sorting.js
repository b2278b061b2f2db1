// A click on a heading sorts the rows below each group heading; a second one turns the order round.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = table.tHead.rows[0].cells;
  for (const heading of headings) {
    // A button would be left blank where a printed table goes on, on its next page.
    const button = document.createElement("span");
    button.setAttribute("role", "button");
    button.tabIndex = 0;
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => turn(table, headings, heading));
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      turn(table, headings, heading);
    });
  }
}

function turn(table, headings, heading) {
  const falling = heading.getAttribute("aria-sort") === "descending";
  for (const other of headings) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", falling ? "ascending" : "descending");
  for (const body of table.tBodies) sort(body, heading.cellIndex, falling ? 1 : -1);
}

function sort(body, column, direction) {
  const units = [];
  for (const row of body.rows) {
    if (row.className === "flag" && units.length) units.at(-1).rows.push(row);
    else if (row.className !== "under") {
      units.push({ rows: [row], key: key(row.cells[column].textContent) });
    }
  }
  units.sort((a, b) => {
    // What there is not stands last, whatever the order.
    if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
    if (typeof a.key === "number" && typeof b.key === "number") return direction * (a.key - b.key);
    return direction * String(a.key).localeCompare(String(b.key), undefined, { numeric: true });
  });
  body.append(...units.flatMap((unit) => unit.rows));
}

function key(text) {
  const plain = text.trim().replaceAll("−", "-").replaceAll(",", "");
  if (plain === "–") return null;
  const number = plain.match(/^[<+]?(-?\d+(\.\d+)?)/);
  return number ? Number(number[1]) : plain;
}
