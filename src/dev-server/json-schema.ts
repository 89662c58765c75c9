// The part of JSON Schema (draft-07) that our own schema uses, with messages that name the path in the document.

export type Schema = {
  readonly $ref?: string;
  readonly oneOf?: readonly Schema[];
  readonly type?: 'array' | 'boolean' | 'integer' | 'object' | 'string';
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly pattern?: string;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean;
  readonly definitions?: Readonly<Record<string, Schema>>;
};

export type Mistake = {
  /** Such as `clients[0].redirect_uris`; empty for the whole document. */
  readonly path: string;
  /** Such as `expected an array`. */
  readonly problem: string;
};

/** The first mistake in a document; null when there is none. */
export function findMistake(document: unknown, root: Schema): Mistake | null {
  return check(document, root, '', root);
}

function check(value: unknown, schema: Schema, path: string, root: Schema): Mistake | null {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/definitions/', '');
    const target = root.definitions?.[name];
    if (target === undefined) throw new Error(`the schema has no definition ${name}`);
    return check(value, target, path, root);
  }
  if (schema.oneOf !== undefined) {
    const { oneOf } = schema;
    const mistakes = oneOf.map((one) => check(value, one, path, root));
    if (mistakes.includes(null)) return null;
    const fitting = oneOf.findIndex(({ type }) => hasType(value, type));
    const all = oneOf.map(describe).join(', or ');
    return mistakes[fitting] ?? { path, problem: `expected ${all}` };
  }
  const expected = describe(schema);
  const mistake = { path, problem: `expected ${expected}` };
  if (!hasType(value, schema.type)) return mistake;
  if (typeof value === 'string') return fitsString(value, schema) ? null : mistake;
  if (typeof value === 'number') return fitsNumber(value, schema) ? null : mistake;
  if (Array.isArray(value)) {
    if (value.length < (schema.minItems ?? 0)) return mistake;
    return first(value, (item, index) =>
      check(item, schema.items ?? {}, `${path}[${index}]`, root),
    );
  }
  return typeof value === 'object' && value !== null
    ? checkObject(value as Record<string, unknown>, schema, path, root)
    : null;
}

function checkObject(
  value: Record<string, unknown>,
  schema: Schema,
  path: string,
  root: Schema,
): Mistake | null {
  const below = (name: string) => (path === '' ? name : `${path}.${name}`);
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return { path: below(missing), problem: 'expected, but missing' };
  return first(Object.entries(value), ([name, member]) => {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (known !== undefined) return check(member, known, below(name), root);
    if (additionalProperties) return null;
    const names = Object.keys(properties).filter((one) => !one.startsWith('$'));
    return { path: below(name), problem: `not known; expected one of ${names.join(', ')}` };
  });
}

function first<Item>(
  items: readonly Item[],
  find: (item: Item, index: number) => Mistake | null,
): Mistake | null {
  for (const [index, item] of items.entries()) {
    const mistake = find(item, index);
    if (mistake !== null) return mistake;
  }
  return null;
}

function hasType(value: unknown, type: Schema['type']): boolean {
  if (type === undefined) return true;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isSafeInteger(value);
  if (type === 'object')
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function fitsString(value: string, schema: Schema): boolean {
  if (value.length < (schema.minLength ?? 0)) return false;
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false;
  return schema.pattern === undefined || new RegExp(schema.pattern).test(value);
}

function fitsNumber(value: number, { minimum = -Infinity, maximum = Infinity }: Schema): boolean {
  return value >= minimum && value <= maximum;
}

function describe(schema: Schema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema.type === 'integer') {
    const { minimum, maximum } = schema;
    const least = minimum === undefined ? '' : ` of at least ${minimum}`;
    return `a whole number${least}${maximum === undefined ? '' : ` and at most ${maximum}`}`;
  }
  if (schema.type === 'string') {
    if (schema.pattern !== undefined) return `a string that matches ${schema.pattern}`;
    return schema.minLength === undefined ? 'a string' : 'a string that is not empty';
  }
  if (schema.type === 'array')
    return schema.minItems === undefined ? 'an array' : 'an array that is not empty';
  return schema.type === 'boolean' ? 'true or false' : 'an object';
}
