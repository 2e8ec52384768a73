/** The console itself could not be loaded: says so in its place by what the page has without it, and tries again when told. */
export function sayUnloaded({ body }: Document, again: () => void): void {
  const { ownerDocument: document } = body;
  const heading = document.createElement('h1');
  heading.textContent = $localize`The console could not be loaded`;
  const words = document.createElement('p');
  words.role = 'alert';
  words.textContent = $localize`The node is away, or the connection broke.`;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'btn';
  button.textContent = $localize`Try again`;
  button.addEventListener('click', again);
  const place = document.createElement('main');
  place.className = 'unloaded-console';
  place.append(heading, words, button);
  body.replaceChildren(place);
}
