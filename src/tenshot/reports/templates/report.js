"use strict";
(() => {
  const list = document.querySelector(".cards");
  const cards = [...list.children];
  const tools = document.querySelector(".tools");
  const count = document.querySelector(".count");
  const nothing = document.querySelector(".nothing");
  const reading = document.querySelector(".reading");
  const dialog = document.querySelector("dialog");
  const photo = dialog.querySelector(".photo");
  const heat = dialog.querySelector(".heat");
  const strength = dialog.querySelector("input");
  const collator = new Intl.Collator(undefined, { numeric: true });
  const score = (card) => Number(card.dataset.score);
  const orders = {
    worst: (one, other) => score(other) - score(one),
    best: (one, other) => score(one) - score(other),
    name: (one, other) => collator.compare(one.dataset.name, other.dataset.name),
  };
  let sorted = "worst";
  let open = null;

  const update = () => {
    const wanted = tools.elements.name.value.trim().toLowerCase();
    const verdict = tools.elements.show.value;
    let shown = 0;
    for (const card of cards) {
      card.hidden = (verdict !== "all" && card.dataset.verdict !== verdict) || !card.dataset.name.toLowerCase().includes(wanted);
      shown += card.hidden ? 0 : 1;
    }
    if (sorted !== tools.elements.sort.value) {
      sorted = tools.elements.sort.value;
      list.append(...[...cards].sort(orders[sorted]));
    }
    count.textContent = `${shown} of ${cards.length} shown`;
    nothing.hidden = shown > 0;
  };

  const pictured = () => [...list.children].filter((card) => !card.hidden && card.querySelector("img"));

  const show = (card) => {
    const [first, second] = card.querySelectorAll("img");
    photo.src = first.src;
    photo.alt = first.alt;
    heat.src = second.src;
    heat.alt = second.alt;
    dialog.querySelector("h2").textContent = card.dataset.name;
    const facts = [...card.querySelectorAll("dl div")].map((fact) => fact.textContent.trim().replace(/^(Score|p-value)/, "$1 "));
    dialog.querySelector(".figures").textContent = [card.dataset.verdict, ...facts].join(" · ");
    const all = pictured();
    dialog.querySelector("[data-do=previous]").disabled = all[0] === card;
    dialog.querySelector("[data-do=next]").disabled = all.at(-1) === card;
    open = card;
    if (!dialog.open) dialog.showModal();
  };

  const step = (by) => {
    const all = pictured();
    const next = all[all.indexOf(open) + by];
    if (next) show(next);
  };

  const actions = { close: () => dialog.close(), previous: () => step(-1), next: () => step(1) };
  list.addEventListener("click", (event) => {
    const button = event.target.closest(".pictures");
    if (button) show(button.closest(".card"));
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
    actions[event.target.dataset.do]?.();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target === strength) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  dialog.addEventListener("close", () => open?.querySelector("button").focus());
  strength.addEventListener("input", () => { heat.style.opacity = String(strength.value / 100); });
  tools.addEventListener("input", update);
  tools.addEventListener("submit", (event) => event.preventDefault());
  // On a phone the explanations are four screens high; they open at a touch.
  reading.open = !window.matchMedia("(max-width: 50rem)").matches;
  tools.reset();
  tools.hidden = false;
  update();
})();
