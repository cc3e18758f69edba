// Tables that can be sorted: a click on a heading sorts by its column, a second one the other way round.
function valueOf(row, column) {
  const cell = row.cells[column];
  return cell.dataset.value ?? cell.textContent.trim();
}

function compare(one, other) {
  const difference = parseFloat(one) - parseFloat(other);
  return Number.isNaN(difference) ? one.localeCompare(other, "en") : difference;
}

for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const order = heading.ariaSort === "descending" ? "ascending" : "descending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", order);
      const rows = [...table.tBodies[0].rows];
      rows.sort((one, other) => compare(valueOf(one, column), valueOf(other, column)));
      table.tBodies[0].append(...(order === "descending" ? rows.reverse() : rows));
    });
  });
}
