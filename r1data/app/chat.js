// Keys and buttons of the chat, and which thoughts are open while they are being written.
(() => {
  const open = new Set(); // data-key of thoughts that are unfolded
  let follows = true; // whether the page stays at its end

  // What is pressed waits in a queue: a second press may come before the first one is sent.
  window.r1data.wanted = [];
  const act = (what) => {
    const button = document.querySelector("#chat_act");
    if (!button) return;
    window.r1data.wanted.push(what);
    button.click();
  };

  const fold = () => {
    const thoughts = [...document.querySelectorAll("#chat_live details[data-key]")].filter((one) => one.offsetParent);
    const unfolded = thoughts.some((thought) => open.has(thought.dataset.key));
    thoughts.forEach((thought) => {
      open[unfolded ? "delete" : "add"](thought.dataset.key);
      thought.open = !unfolded;
    });
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".chat_thread button[data-act]");
    if (button && event.detail <= 1) act(button.dataset.act);
    const thought = event.target.closest?.(".chat_thread details[data-key] > summary")?.parentElement;
    if (thought) open[thought.open ? "delete" : "add"](thought.dataset.key); // the click toggles it afterwards
  });

  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!["t", "u", "d"].includes(key) || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("textarea, input, select, [contenteditable=true]")) return;
    if (key === "t") return fold();
    const article = `#chat_live article[data-side=${event.shiftKey ? "right" : "left"}]`;
    const button = document.querySelector(`${article} button.thumb.${key === "u" ? "up" : "down"}`);
    if (button?.offsetParent) act(button.dataset.act);
  });

  document.addEventListener("scroll", () => {
    follows = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 120;
  }, { passive: true });

  // The bar at the foot covers as much of the page as it is high.
  let bar;
  const sized = new ResizeObserver(() => {
    if (bar.offsetHeight) document.documentElement.style.setProperty("--chat-bar", `${bar.offsetHeight}px`);
  });
  const measure = () => {
    const found = document.querySelector("#chat_actions");
    if (!found || found === bar) return;
    sized.disconnect();
    sized.observe((bar = found));
  };

  // What is being written replaces what stood there: it keeps its folds, and the page its end in sight.
  new MutationObserver((changes) => {
    measure();
    if (!changes.some((change) => change.target.closest?.(".chat_thread"))) return;
    document.querySelectorAll(".chat_thread details[data-key]").forEach((thought) => {
      if (open.has(thought.dataset.key) !== thought.open) thought.open = !thought.open;
    });
    const live = document.querySelector("#chat_live");
    if (!live?.querySelector(".turn")) open.clear();
    if (follows && live?.offsetParent && live.querySelector("[aria-busy=true]")) {
      window.scrollTo(0, document.documentElement.scrollHeight);
    }
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["open"] });
})();
