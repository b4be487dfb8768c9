(() => {
  "use strict";
  document.documentElement.classList.add("live");
  const form = document.querySelector(".filters");
  if (!form) return;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const table = document.querySelector(".heat");
  const body = table.tBodies[0];
  const more = document.querySelector("button.more");
  const output = form.querySelector("output");
  const only = document.querySelector(".set");
  const page = Number(more.dataset.rows);
  const statuses = ["ok", "degraded", "down", "unknown"];
  const words = Object.fromEntries(body.dataset.words.split("|").map((word, number) => [statuses[number], word]));
  const names = { d: "down", g: "degraded", u: "unknown", o: "ok" };
  const rank = { d: 3, g: 2, u: 1, o: 0, "-": -1 };

  // Every host stands in the list; a row is made of what it holds.
  const hosts = all(".every a").map((link, number) => {
    const [cells, severity, counts, coverage, moment] = link.dataset.v.split(";");
    return { number, link, name: link.textContent, search: link.textContent.toLowerCase(), cells, status: cells[0], severity, counts, coverage, moment };
  });
  const fields = (host) => host.cells.slice(1).match(/[dguo-]\d*/g) || [];

  const make = (tag, className, content) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (content !== undefined) element.textContent = content;
    return element;
  };
  const row = (host) => {
    const line = make("tr");
    const head = make("th");
    head.scope = "row";
    const link = make("a", "", host.name);
    link.href = host.link.getAttribute("href");
    head.append(link);
    const worst = make("td");
    if (host.severity) worst.append(make("b", `p ${host.severity}`, host.severity), " ");
    worst.append(make("b", `s ${names[host.status]}`, words[names[host.status]]));
    line.append(head, worst);
    for (const field of fields(host)) {
      const status = names[field[0]];
      const cell = make("td", status || "x", status ? undefined : "–");
      if (status) cell.append(make("span", "hide", `${words[status]} `), field.slice(1));
      line.append(cell);
    }
    const coverage = make("td", "num", `${host.coverage.replace("!", "")} %`);
    if (host.coverage.endsWith("!")) coverage.append(" ", make("b", "s degraded", more.dataset.cut));
    line.append(coverage, make("td", "", host.moment));
    return line;
  };

  let found = hosts;
  let shown = 0;
  const show = (least) => {
    const until = Math.min(found.length, least);
    body.append(...found.slice(shown, until).map(row));
    shown = until;
    more.hidden = shown === found.length;
    more.textContent = more.dataset.words.replace("{count}", Math.min(page, found.length - shown));
  };

  let members = null;
  let sorting = null;
  const chosen = (name) => all(`[name=${name}]:checked`, form).map((box) => box.value);
  const filter = () => {
    const wanted = form.elements.text.value.trim().toLowerCase();
    const status = chosen("status");
    const severity = chosen("severity");
    found = hosts.filter(
      (host) =>
        (!members || members(host.number)) &&
        (!status.length || status.includes(host.status)) &&
        (!severity.length || severity.includes(host.severity)) &&
        (!wanted || host.search.includes(wanted)),
    );
    if (sorting) {
      const { key, down } = sorting;
      const keyed = found.map((host) => [key(host), host]);
      keyed.sort(([a, one], [b, two]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1) || one.number - two.number);
      found = keyed.map(([, host]) => host);
    }
    body.replaceChildren();
    shown = 0;
    show(page);
    output.value = output.dataset.words.replace("{shown}", found.length).replace("{all}", hosts.length);
  };

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    members = null;
    only.hidden = true;
    setTimeout(filter);
  });
  more.addEventListener("click", () => show(shown + page));

  // A column sorts by what is broken there; the first click puts the worst first.
  const heat = (place) => (host) => {
    const field = fields(host)[place];
    return rank[field[0]] * 1e6 + Number(field.slice(1));
  };
  const heads = all(".heads th", table);
  const keys = heads.map((_, column) => {
    const last = heads.length - column;
    if (column === 0) return { key: (host) => host.search, down: false };
    if (column === 1) return { key: (host) => host.number, down: false };
    if (last === 2) return { key: (host) => parseFloat(host.coverage), down: false };
    if (last === 1) return { key: (host) => host.moment, down: false };
    return { key: heat(column - 2), down: true };
  });
  heads.forEach((head, column) => {
    const button = make("button", "", head.textContent);
    button.type = "button";
    (head.querySelector("span") || head).replaceChildren(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const first = keys[column].down ? "descending" : "ascending";
      const next = before === first ? (first === "ascending" ? "descending" : "ascending") : first;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", next);
      sorting = { key: keys[column].key, down: next === "descending" };
      filter();
    });
  });

  // What several hosts have shows those hosts.
  for (const item of all("#shared li")) {
    const button = make("button", "", item.parentElement.dataset.words);
    button.type = "button";
    button.addEventListener("click", () => {
      const mask = Uint8Array.from(atob(item.dataset.m), (char) => char.charCodeAt(0));
      members = (number) => Boolean((mask[number >> 3] || 0) & (1 << number % 8));
      only.textContent = only.dataset.words.replace("{finding}", () => item.querySelector("p").textContent);
      only.hidden = false;
      filter();
      document.getElementById("hosts").scrollIntoView();
    });
    item.querySelector(".on").append(" ", button);
  }
  filter();
})();
