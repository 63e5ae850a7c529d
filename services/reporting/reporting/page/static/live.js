// Keeps the figures current: asks for the page again every few seconds and puts the parts that changed in place.
"use strict";

const EVERY_MS = 5000;
const pause = document.getElementById("pause");
const connection = document.getElementById("connection");
let timer;

function isPaused() {
  return pause.getAttribute("aria-pressed") === "true";
}

function say(sentence) {
  if (connection.textContent !== sentence) connection.textContent = sentence;
}

async function refresh() {
  try {
    const answer = await fetch(location.pathname, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(EVERY_MS) });
    if (answer.status === 401 || answer.status === 403) {
      location.reload(); // the session has ended: the page says so, and how to sign in
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    say("");
  } catch {
    say("The figures can’t be updated just now; these are the last ones there were.");
  }
}

function show(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const newer = page.getElementById(part.id);
    if (newer !== null && newer.innerHTML !== part.innerHTML) part.replaceChildren(...newer.childNodes);
  }
}

async function refreshAndGoOn() {
  clearTimeout(timer);
  if (document.hidden || isPaused()) return;
  await refresh();
  clearTimeout(timer);
  timer = setTimeout(refreshAndGoOn, EVERY_MS);
}

pause.hidden = false;
pause.addEventListener("click", () => {
  pause.setAttribute("aria-pressed", String(!isPaused()));
  refreshAndGoOn();
});
document.addEventListener("visibilitychange", refreshAndGoOn);
timer = setTimeout(refreshAndGoOn, EVERY_MS);
