// Keys and buttons of the chat, and which thoughts are open while they are being written.
(() => {
  const open = new Set(); // data-key of thoughts that are unfolded
  let presses = 0;
  let follows = true; // whether the page stays at its end

  const act = (what) => {
    const field = document.querySelector("#chat_wanted textarea, #chat_wanted input");
    if (!field) return;
    field.value = `${what} ${++presses}`;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".chat_thread button[data-act]");
    if (button && event.detail <= 1) act(button.dataset.act);
  });

  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!["u", "d"].includes(key) || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("textarea, input, select, [contenteditable=true]")) return;
    const article = `#chat_live article[data-side=${event.shiftKey ? "right" : "left"}]`;
    const button = document.querySelector(`${article} button.thumb.${key === "u" ? "up" : "down"}`);
    if (button?.offsetParent) act(button.dataset.act);
  });

  document.addEventListener("toggle", (event) => {
    const key = event.target.dataset?.key;
    if (key && event.target.isConnected) open[event.target.open ? "add" : "delete"](key);
  }, true);

  document.addEventListener("scroll", () => {
    follows = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 120;
  }, { passive: true });

  // What is being written replaces what stood there: it keeps its folds, and the page its end in sight.
  new MutationObserver((changes) => {
    const ours = changes.some((change) => change.target.closest?.(".chat_thread"));
    if (!ours) return;
    document.querySelectorAll(".chat_thread details[data-key]").forEach((thought) => {
      if (open.has(thought.dataset.key) && !thought.open) thought.open = true;
    });
    const live = document.querySelector("#chat_live");
    if (follows && live?.offsetParent && live.querySelector(".turn")) {
      window.scrollTo(0, document.documentElement.scrollHeight);
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
