// Keys, links and focus of the page.
(() => {
  const BUTTONS = {
    a: "#approve", r: "#reject", e: "#edit", n: "#next, #browse_next", p: "#previous, #browse_previous",
  };
  const typing = (target) => target?.closest?.("textarea, input, select, [contenteditable=true]");
  const visible = (selector) => [...document.querySelectorAll(selector)].find((one) => one.offsetParent);
  // On narrow windows some tabs stand behind "…", as plain buttons.
  const TABS = "[role=tab], .overflow-dropdown button";
  const NAMES = ["browse", "review", "chat", "sql"];
  const named = (tab) => tab.textContent.trim().toLowerCase();
  const links = {}; // by tab: the words of its address
  const asked = new URLSearchParams(window.location.search);
  let active = asked.get("tab") ?? (asked.has("queue") ? "review" : "browse");
  if (!NAMES.includes(active)) active = "browse";
  let clicked, shown, read, clicks = 0;

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.activeElement?.blur();
    // A key that is held down would decide about rollouts that nobody has read.
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const key = event.key.toLowerCase();
    if (key === "t") {
      const thought = visible("details.thought");
      if (thought) thought.open = !thought.open;
    } else if (/^[1-9]$/.test(key)) {
      [...document.querySelectorAll(TABS)].find((tab) => named(tab) === NAMES[key - 1])?.click();
    } else if (BUTTONS[key]) {
      visible(BUTTONS[key])?.click();
    } else return;
    event.preventDefault();
  });

  // Before the editor has it, which would begin a new line.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.ctrlKey || !event.target.closest?.("#sql_text")) return;
    event.preventDefault();
    event.stopPropagation();
    visible("#run")?.click();
  }, true);

  // The second click of a double click would decide about the next rollout, which nobody has read.
  document.addEventListener("click", (event) => {
    if (event.detail > 1 && event.target.closest?.("#approve, #reject, #store")) event.stopImmediatePropagation();
  }, true);

  // A link to a rollout is followed within the page, and one to a highlight to the first of its kind.
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const rollout = event.target.closest?.("a[data-rollout]");
    const jump = event.target.closest?.("a[data-jump]");
    if (rollout) {
      const field = document.querySelector("#browse_wanted textarea, #browse_wanted input");
      field.value = `${rollout.dataset.rollout} ${(clicks += 1)}`; // of one that was opened before, too
      field.dispatchEvent(new Event("input", { bubbles: true }));
      if (window.innerWidth <= 640) document.querySelector("#reading").scrollIntoView();
    } else if (jump) {
      const mark = document.querySelector(`#trace .text mark.${jump.dataset.jump}`);
      const thought = mark?.closest("details");
      if (thought) thought.open = true;
      mark?.scrollIntoView({ block: "center" });
    } else return;
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const tab = event.target.closest?.(TABS);
    if (!tab) return;
    active = clicked = named(tab);
    address(active);
  }, true);

  // A name that is typed is that of every tab and window.
  document.addEventListener("input", (event) => {
    const { target } = event;
    if (target.closest?.("#reviewer, #chat_name")) localStorage.setItem("r1data_reviewer", target.value);
  });
  window.addEventListener("storage", (event) => {
    if (event.key !== "r1data_reviewer") return;
    document.querySelectorAll(".name_changed").forEach((one) => one.click());
  });

  const address = (tab) => {
    const words = new URLSearchParams({ tab, ...links[tab] });
    if (tab === active) history.replaceState(null, "", `?${words}`);
  };

  window.r1data = {
    // The address names what is shown, so that it can be passed on.
    link(tab, words) {
      links[tab] = typeof words === "string" ? JSON.parse(words || "{}") : words;
      address(tab);
      if (tab === "browse") {
        const rollout = links[tab].rollout;
        document.querySelectorAll("#found a[data-rollout]").forEach((one) => {
          one.toggleAttribute("aria-current", one.dataset.rollout === rollout);
        });
        visible("#found a[aria-current]")?.scrollIntoView({ block: "nearest" });
        const reading = document.querySelector("#reading"); // its beginning, where another trace is longer
        if (rollout !== read && reading.getBoundingClientRect().top < 0) reading.scrollIntoView();
        read = rollout;
      }
    },
    review(open, of, place) {
      const { rollout_id: rollout } = JSON.parse(open || "{}");
      const [recipe, night] = (place || "/").split("/");
      this.link("review", { queue: of || "", recipe, night, rollout: rollout || "" });
      if (rollout !== shown) window.scrollTo(0, 0);
      shown = rollout;
    },
    // What a tab that is clicked is asked to show; nothing for the first one, which the address decides.
    entering(tab) {
      if (tab !== clicked) return "";
      const words = new URLSearchParams(window.location.search);
      return words.get("tab") === tab ? window.location.search : `?tab=${tab}`;
    },
    focus(selector) {
      setTimeout(() => {
        const field = document.querySelector(selector);
        field?.scrollIntoView({ block: "center" });
        field?.focus();
      }, 100);
    },
  };
})();
