"use strict";
// Tables sort by their heads and filter by what is typed; without this script they are as they stand.
for (const box of document.querySelectorAll("[data-table]")) {
  const body = box.querySelector("tbody");
  const heads = [...box.querySelectorAll("th")];
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  };
  for (const button of box.querySelectorAll("[data-sort]")) {
    button.addEventListener("click", () => {
      const column = Number(button.dataset.sort);
      const head = heads[column];
      const descending = head.getAttribute("aria-sort") === "ascending";
      const numeric = head.classList.contains("number");
      const way = descending ? -1 : 1;
      const rows = [...body.rows].map((row, place) => [row, place]);
      rows.sort(([a, i], [b, j]) => {
        const [x, y] = [key(a, column), key(b, column)];
        if (numeric) {
          if (x === null || y === null) return (x === null) - (y === null) || i - j;  // what is missing is last
          return way * (x - y) || i - j;
        }
        return way * a.cells[column].textContent.localeCompare(b.cells[column].textContent, "en", {numeric: true}) || i - j;
      });
      body.append(...rows.map(([row]) => row));
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    });
  }
  const filter = box.querySelector("[data-filter]");
  if (filter) {
    const count = box.querySelector("[data-count]");
    filter.addEventListener("input", () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of body.rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        shown += !row.hidden;
      }
      count.textContent = words.length ? `${shown} of ${body.rows.length} rows` : `${shown} rows`;
    });
  }
}
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const text = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      button.textContent = "Selected";
    }
  });
}
