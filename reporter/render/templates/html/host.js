(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const words = document.body.dataset;
  root.classList.add("live");

  // Filters: a finding, and what parts B to E make of findings, is shown where every filter fits.
  const form = document.querySelector(".filters");
  const output = form.querySelector("output");
  const items = all(".f").map((element) => ({
    element,
    statuses: element.dataset.s.split(" "),
    severity: element.dataset.p || "",
    components: (element.dataset.c || element.closest("[data-c]").dataset.c).split(" "),
    finding: element.tagName === "DETAILS",
    text: null,
  }));
  const total = items.filter((item) => item.finding).length;
  const wraps = all(".w").reverse();
  const quiet = all(".q");
  let opened = [];

  const textOf = (item) => {
    if (item.text === null) {
      const group = item.element.closest(".g");
      item.text = (item.element.textContent + (group ? group.firstElementChild.textContent : "")).toLowerCase();
    }
    return item.text;
  };
  const chosen = (name) => all(`[name=${name}]:checked`, form).map((box) => box.value);

  const filter = () => {
    const wanted = form.elements.text.value.trim().toLowerCase();
    const statuses = chosen("status");
    const severities = chosen("severity");
    const component = form.elements.component.value;
    const active = Boolean(wanted || statuses.length || severities.length || component);
    let shown = 0;
    for (const item of items) {
      const fits =
        (!statuses.length || item.statuses.some((one) => statuses.includes(one))) &&
        (!severities.length || severities.includes(item.severity)) &&
        (!component || item.components.includes(component)) &&
        (!wanted || textOf(item).includes(wanted));
      item.element.hidden = !fits;
      if (fits && item.finding) shown += 1;
    }
    for (const wrap of wraps) wrap.hidden = !wrap.querySelector(".f:not([hidden])");
    for (const names of all(".names")) names.hidden = active;
    for (const details of opened) details.open = false;
    opened = active ? quiet.filter((details) => !details.hidden && !details.open) : [];
    for (const details of opened) details.open = true;
    output.value = words.shown.replace("{shown}", shown).replace("{all}", total);
  };

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  form.elements.open.addEventListener("click", () => {
    const shown = all("#part-a .f:not([hidden])").filter((one) => one.checkVisibility());
    const open = !shown.every((one) => one.open);
    for (const one of shown) one.open = open;
  });
  filter();

  // Deep links: what an address points at is shown, also where a filter hides it. Browsers unfold
  // what holds it; older ones do not.
  const reveal = (hash) => {
    const target = hash.length > 1 && document.getElementById(hash.slice(1));
    if (!target) return;
    const hidden = target.closest("[hidden]");
    if (hidden && !form.contains(target)) {
      form.reset();
      filter();
    }
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", () => reveal(location.hash));
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link) setTimeout(() => reveal(link.getAttribute("href")));
  });
  reveal(location.hash);

  // A button beside each command copies it; a command that is cut is copied whole.
  const whole = (code) => {
    const link = code.classList.contains("cut") && code.parentElement.querySelector("a");
    const record = link && document.getElementById(link.getAttribute("href").slice(1));
    return (record ? record.querySelector("code") : code).textContent;
  };
  const copy = async (code, button) => {
    try {
      await navigator.clipboard.writeText(whole(code));
    } catch {
      const field = document.createElement("textarea");
      field.value = whole(code);
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    button.textContent = words.copied;
    setTimeout(() => (button.textContent = words.copy), 1500);
  };
  const addButtons = (from) => {
    for (const code of all(".c > code:not(.has)", from)) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = words.copy;
      button.addEventListener("click", () => copy(code, button));
      code.classList.add("has");
      code.after(button);
    }
  };
  addButtons(document.getElementById("evidence"));
  document.addEventListener("toggle", (event) => event.target.matches(".f") && addButtons(event.target), true);

  // Sorting a table: by what a cell says, or by what it holds for it.
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.v);
  };
  for (const table of all("table.sort")) {
    all("thead th", table).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of all("thead th", table)) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0];
        const rows = [...body.rows].map((row) => [key(row, column), row]);
        rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
        body.append(...rows.map(([, row]) => row));
      });
    });
  }

  // The map: a box lights what leads to it and what it leads to.
  for (const map of all(".map")) {
    const lines = all(".l", map).map((element) => [element.dataset.a, element.dataset.b, element]);
    const spots = all("[data-k]", map);
    const follow = (start, from, to) => {
      const seen = new Set(start);
      const way = [...start];
      while (way.length) {
        const at = way.pop();
        for (const line of lines) {
          if (line[from] === at) {
            lit.add(line[2]);
            if (!seen.has(line[to])) {
              seen.add(line[to]);
              way.push(line[to]);
            }
          }
        }
      }
      return seen;
    };
    let lit = new Set();
    const light = (spot) => {
      lit = new Set();
      const same = spots.filter((one) => one === spot || (spot.dataset.u && one.dataset.u === spot.dataset.u));
      const start = same.map((one) => one.dataset.k);
      const reached = new Set([...follow(start, 0, 1), ...follow(start, 1, 0)]);
      map.classList.add("lit");
      for (const one of spots) one.classList.toggle("on", reached.has(one.dataset.k));
      for (const [, , one] of lines) one.classList.toggle("on", lit.has(one));
    };
    const rest = () => {
      const focused = document.activeElement && document.activeElement.closest(".map .n");
      if (focused && map.contains(focused)) light(focused);
      else map.classList.remove("lit");
    };
    for (const spot of all(".n", map)) {
      spot.addEventListener("pointerenter", () => light(spot));
      spot.addEventListener("pointerleave", rest);
      spot.addEventListener("focus", () => light(spot));
      spot.addEventListener("blur", rest);
    }
  }
})();
