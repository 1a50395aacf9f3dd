// Makes elements. Whatever text comes from the machine (names of programs may be anything) becomes a text node, never markup.

const kSvg = 'http://www.w3.org/2000/svg';

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** h('td', {class: 'number', onclick: go}, 'text', another) */
export const h = (name, attributes = {}, ...children) => filled(document.createElement(name), attributes, children);

export const svg = (name, attributes = {}, ...children) => filled(document.createElementNS(kSvg, name), attributes, children);

/** Sets the text of an element only where it is another, so that a reader's selection stays. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function show(element, isShown) {
  element.hidden = !isShown;
}

/** A button that copies `text`, and says so. */
export function copyButton(text) {
  const button = h('button', {type: 'button', class: 'copy', 'aria-label': `Copy: ${text}`}, 'Copy');
  button.addEventListener('click', async () => {
    let said = 'Copied';
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Only pages of a secure origin may; then the text is marked, to be copied by hand.
      getSelection().selectAllChildren(button.previousElementSibling);
      said = 'Press Ctrl+C';
    }
    button.textContent = said;
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  });
  return button;
}

/** A command with its button. */
export const commandLine = (command) => h('div', {class: 'command'}, h('code', {}, command), copyButton(command));
