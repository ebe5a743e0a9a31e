// What makes pages smoother. Each works without it.
'use strict';

// A button that is waiting for its answer is not pressed twice. What cannot be
// sent again is unlocked when the page comes back from the history.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post') return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = 'yes';
  event.submitter?.setAttribute('aria-busy', 'true');
});
window.addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
  for (const button of document.querySelectorAll('button[aria-busy]')) button.removeAttribute('aria-busy');
});

// Buttons that need a script to be of use are hidden until there is one.
const reveal = (root) => {
  for (const button of root.querySelectorAll('button[data-copy][hidden], button[data-reveal][hidden]')) button.hidden = false;
  if (!navigator.clipboard) for (const button of root.querySelectorAll('button[data-copy]')) button.hidden = true;
};

// The items of a page, by the keys j and k; the legend switches them off, and
// that is remembered.
const keysOff = 'keys-off';
document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || (event.key !== 'j' && event.key !== 'k')) return;
  const at = document.activeElement;
  if (at?.closest('input:not([type=checkbox]), select, textarea, dialog')) return;
  const items = [...document.querySelectorAll('a[data-item]')];
  if (!items.length || !document.querySelector('[data-keys] input')?.checked) return;
  const now = items.indexOf(at);
  const next = event.key === 'j' ? Math.min(now + 1, items.length - 1) : Math.max(now - 1, 0);
  items[next].focus();
  event.preventDefault();
});
document.addEventListener('change', (event) => {
  if (event.target.closest?.('[data-keys]')) localStorage.setItem(keysOff, event.target.checked ? '' : 'yes');
});
const legend = (root) => {
  for (const keys of root.querySelectorAll('[data-keys][hidden]')) {
    keys.hidden = false;
    keys.querySelector('input').checked = !localStorage.getItem(keysOff);
  }
};

// A box that stands for all of a name ticks those on the page, too.
document.addEventListener('change', (event) => {
  const name = event.target.dataset?.all;
  if (!name) return;
  for (const box of event.target.form.querySelectorAll(`input[type=checkbox][name="${name}"]`)) box.checked = event.target.checked;
});

// A link to a confirmation opens the dialog beside it instead.
document.addEventListener('click', async (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const asks = target?.closest('a[data-dialog]');
  const dialog = asks && document.getElementById(asks.dataset.dialog);
  if (dialog?.showModal) {
    event.preventDefault();
    dialog.showModal();
    return;
  }
  const copies = target?.closest('button[data-copy]');
  if (copies) {
    await navigator.clipboard.writeText(copies.dataset.copy);
    const said = copies.querySelector('[data-said]');
    copies.dataset.copied = 'yes';
    said.textContent = said.dataset.said;
    setTimeout(() => {
      delete copies.dataset.copied;
      said.textContent = '';
    }, 2000);
    return;
  }
  const reveals = target?.closest('button[data-reveal]');
  if (reveals) {
    const field = document.getElementById(reveals.dataset.reveal);
    const shown = field.type === 'password';
    field.type = shown ? 'text' : 'password';
    reveals.setAttribute('aria-pressed', String(shown));
    return;
  }
  if (target instanceof HTMLDialogElement) target.close(); // the backdrop
});

// What keeps itself up to date rests while nobody looks.
document.addEventListener('htmx:before:request', (event) => {
  if (document.hidden) event.preventDefault();
});

// Moments are shown in the time of whoever looks.
const local = (root) => {
  for (const time of root.querySelectorAll('time[data-moment]')) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    time.textContent = at.toLocaleString(document.documentElement.dataset.locale, { dateStyle: 'medium', timeStyle: 'short' });
    delete time.dataset.moment;
  }
};

const ready = (root) => {
  reveal(root);
  legend(root);
  local(root);
};
ready(document);
document.addEventListener('htmx:after:swap', () => ready(document));
