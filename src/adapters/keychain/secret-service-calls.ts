// The methods of the Secret Service API that a keychain needs, one function each.
// https://specifications.freedesktop.org/secret-service/latest/

import type { DBusConnection } from './dbus/dbus-connection.ts';
import type { DBusValue, DBusVariant } from './dbus/dbus-types.ts';
import type { Session } from './secret-service-session.ts';
import { busCall } from './dbus/dbus-connection.ts';
import { DBusError } from './dbus/dbus-error.ts';
import { keychainError } from './keychain-error.ts';

const destination = 'org.freedesktop.secrets';
const prompting = 'org.freedesktop.Secret.Prompt';
const itemInterface = 'org.freedesktop.Secret.Item';

/** Stands for "none" wherever an object path is due. */
const noObject = '/';

/** A method of the service object itself. */
export function serviceCall(member: string, signature: string, body: readonly DBusValue[]) {
  return objectCall('/org/freedesktop/secrets', 'Service', member, signature, body);
}

function objectCall(
  path: string,
  kind: 'Service' | 'Collection' | 'Item' | 'Prompt',
  member: string,
  signature = '',
  body: readonly DBusValue[] = [],
) {
  const interfaceName = `org.freedesktop.Secret.${kind}`;
  return { destination, path, interface: interfaceName, member, signature, body };
}

/** Object paths of the items whose attributes include these. */
export async function searchItems(bus: DBusConnection, attributes: Record<string, string>) {
  const body = [Object.entries(attributes)];
  const [unlocked, locked] = await bus.call(serviceCall('SearchItems', 'a{ss}', body));
  return { unlocked: unlocked as string[], locked: locked as string[] };
}

/** Null when the item is gone by now. */
export async function itemAttributes(
  bus: DBusConnection,
  item: string,
): Promise<ReadonlyMap<string, string> | null> {
  try {
    const attributes = await property(bus, item, itemInterface, 'Attributes');
    return new Map(attributes as [string, string][]);
  } catch (error) {
    if (error instanceof DBusError && goneErrors.has(error.name)) return null;
    throw error;
  }
}

const goneErrors: ReadonlySet<string> = new Set([
  'org.freedesktop.Secret.Error.NoSuchObject',
  'org.freedesktop.DBus.Error.UnknownObject',
  'org.freedesktop.DBus.Error.UnknownMethod',
]);

/** By item; what is locked or gone is left out. */
export async function itemSecrets(
  bus: DBusConnection,
  session: Session,
  items: readonly string[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const [secrets] = await bus.call(serviceCall('GetSecrets', 'aoo', [items, session.path]));
  return new Map(
    (secrets as [string, [string, Uint8Array, Uint8Array, string]][]).map(
      ([item, [, parameters, value]]) => [item, session.open(parameters, value)],
    ),
  );
}

export type Collection = { readonly path: string; readonly locked: boolean };

/** The collection that new items go to; null when there is none yet. */
export async function defaultCollection(bus: DBusConnection): Promise<Collection | null> {
  const [path] = await bus.call(serviceCall('ReadAlias', 's', ['default']));
  if (path === noObject) return null;
  const name = 'org.freedesktop.Secret.Collection';
  const locked = await property(bus, path as string, name, 'Locked');
  return { path: path as string, locked: locked === true };
}

/** @throws StoreError `denied` when the service asked the person, who declined */
export async function createItem(
  bus: DBusConnection,
  collection: string,
  item: { readonly label: string; readonly attributes: Record<string, string> },
  secret: DBusValue,
): Promise<void> {
  const attributes = Object.entries(item.attributes);
  const properties = [
    [`${itemInterface}.Label`, { signature: 's', value: item.label }],
    [`${itemInterface}.Attributes`, { signature: 'a{ss}', value: attributes }],
  ];
  const body = [properties, secret, true];
  const call = objectCall(collection, 'Collection', 'CreateItem', 'a{sv}(oayays)b', body);
  const [, prompt] = await bus.call(call);
  if (!(await completePrompt(bus, prompt as string))) throw dismissed();
}

export async function setItemSecret(
  bus: DBusConnection,
  item: string,
  secret: DBusValue,
): Promise<void> {
  await bus.call(objectCall(item, 'Item', 'SetSecret', '(oayays)', [secret]));
}

/** @throws StoreError `denied` when the service asked the person, who declined */
export async function deleteItem(bus: DBusConnection, item: string): Promise<void> {
  const [prompt] = await bus.call(objectCall(item, 'Item', 'Delete'));
  if (!(await completePrompt(bus, prompt as string))) throw dismissed();
}

/** Resolves when the person has answered, whatever the answer was. */
export async function unlockCollection(bus: DBusConnection, collection: string): Promise<void> {
  const [, prompt] = await bus.call(serviceCall('Unlock', 'ao', [[collection]]));
  await completePrompt(bus, prompt as string);
}

/** False when it was dismissed. A service may prompt even where it asks nobody anything, as KeePassXC does. */
async function completePrompt(bus: DBusConnection, prompt: string): Promise<boolean> {
  if (prompt === noObject) return true;
  const rule = `type='signal',interface='${prompting}',member='Completed',path='${prompt}'`;
  await bus.call(busCall('AddMatch', 's', [rule]));
  const [[wasDismissed]] = await Promise.all([
    bus.nextSignal(prompt, prompting, 'Completed'),
    bus.call(objectCall(prompt, 'Prompt', 'Prompt', 's', [''])),
  ]);
  return wasDismissed === false;
}

function dismissed(): Error {
  return keychainError('denied', 'the keychain prompt was dismissed');
}

async function property(
  bus: DBusConnection,
  path: string,
  interfaceName: string,
  name: string,
): Promise<DBusValue> {
  const [variant] = await bus.call({
    destination,
    path,
    interface: 'org.freedesktop.DBus.Properties',
    member: 'Get',
    signature: 'ss',
    body: [interfaceName, name],
  });
  return (variant as DBusVariant).value;
}
