// HTML templates that escape whatever is put into them, so that nothing a client or a person sent becomes markup.

export type Html = { readonly markup: string };

type Value = Html | readonly Html[] | string | number;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const nothing: Html = { markup: '' };

/** Template tag: strings and numbers are escaped (for text and for quoted attributes), Html is kept. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  const rendered = values.map((value, index) => render(value) + (strings[index + 1] ?? ''));
  return { markup: (strings[0] ?? '') + rendered.join('') };
}

function render(value: Value): string {
  if (typeof value === 'string' || typeof value === 'number') return escape(String(value));
  if ('markup' in value) return value.markup;
  return value.map((item) => item.markup).join('');
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
