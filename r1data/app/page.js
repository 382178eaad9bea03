// Keys, links and focus of the page.
(() => {
  const BUTTONS = { a: "approve", r: "reject", e: "edit", n: "next", p: "previous" };
  const typing = (target) => target?.closest?.("textarea, input, select, [contenteditable=true]");
  let shown;

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.activeElement?.blur();
    // A key that is held down would decide about rollouts that nobody has read.
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const key = event.key.toLowerCase();
    if (key === "t") {
      const thought = document.querySelector("#card details.thought");
      if (thought) thought.open = !thought.open;
    } else if (BUTTONS[key]) {
      const button = document.querySelector(`#${BUTTONS[key]}`);
      if (button?.offsetParent) button.click();
    } else return;
    event.preventDefault();
  });

  // The second click of a double click would decide about the next rollout, which nobody has read.
  document.addEventListener("click", (event) => {
    if (event.detail > 1 && event.target.closest?.("#approve, #reject, #store")) event.stopImmediatePropagation();
  }, true);

  window.r1data = {
    // The address names what is shown, so that it can be passed on.
    link(open, of, place) {
      const { rollout_id: rollout } = JSON.parse(open || "{}");
      const [recipe, night] = (place || "/").split("/");
      const words = { queue: of || "", recipe, night, rollout: rollout || "" };
      history.replaceState(null, "", `?${new URLSearchParams(words)}`);
      if (rollout !== shown) window.scrollTo(0, 0);
      shown = rollout;
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
