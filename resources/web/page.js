// What both pages are built with. Text goes in as text: a name is never read as HTML.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function snippet(text) {
  const button = element("button", { type: "button" }, "Copy");
  button.addEventListener("click", () => copy(text, button));
  return element("div", { class: "snippet" }, element("pre", {}, element("code", {}, text)), button);
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // Browsers have no clipboard for pages that come over plain HTTP from elsewhere.
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = "Marked";
  }
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

export function curl(method, path, { body, token } = {}) {
  const parts = [`curl${method === "GET" ? "" : ` -X ${method}`} '${location.origin}${path}'`];
  if (token) {
    parts.push(`-H "Authorization: Bearer ${token}"`);
  }
  if (body !== undefined) {
    parts.push(`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(body)}'`);
  }
  return parts.join(" \\\n  ");
}
