// Where the session bus listens: DBUS_SESSION_BUS_ADDRESS, else $XDG_RUNTIME_DIR/bus.
// https://dbus.freedesktop.org/doc/dbus-specification.html#addresses

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Socket paths to try in order, for node:net (a leading NUL marks Linux's abstract names); empty when there is no
 * bus, or none on a Unix socket.
 */
export function sessionBusSockets(variables: Variables): string[] {
  const runtime = variables['XDG_RUNTIME_DIR'];
  const runtimeBus = runtime === undefined || runtime === '' ? [] : [`${runtime}/bus`];
  const address = variables['DBUS_SESSION_BUS_ADDRESS'];
  if (address === undefined || address === '') return runtimeBus;
  return address.split(';').flatMap((entry) => {
    const options = unixOptions(entry);
    const path = options.get('path');
    const abstract = options.get('abstract');
    if (path !== undefined) return [path];
    if (abstract !== undefined) return [`\0${abstract}`];
    return options.get('runtime') === 'yes' ? runtimeBus : [];
  });
}

/** `unix:path=/run/bus,guid=…`; empty for any other transport. */
function unixOptions(entry: string): Map<string, string> {
  const [transport, list = ''] = splitOnce(entry, ':');
  if (transport !== 'unix') return new Map();
  return new Map(
    list.split(',').map((option) => {
      const [key, value = ''] = splitOnce(option, '=');
      return [key, unescapeValue(value)];
    }),
  );
}

function splitOnce(text: string, separator: string): [string, string?] {
  const index = text.indexOf(separator);
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

/** Escapes stand for bytes, which need not be UTF-8 one by one. */
function unescapeValue(value: string): string {
  const bytes = value.replaceAll(/%([0-9a-f]{2})|[^\0-\x7f]/gi, (match, hex: string | undefined) =>
    hex === undefined
      ? Buffer.from(match).toString('latin1')
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}
