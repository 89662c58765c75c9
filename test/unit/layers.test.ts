// The arrows between the layers, read from the imports (CONTRIBUTING.md has the table).

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../src');

/** Modules that every layer may import, and that import only each other. */
const leaves = [
  'environment',
  'errors',
  'strict-json',
  'sanitize',
  'redact',
  'loopback-host',
  'version',
];

type Rule = {
  layers: readonly string[];
  packages: readonly string[];
  node: boolean | readonly string[];
};

const rules: Record<string, Rule> = {
  main: { layers: ['cli', 'adapters'], packages: [], node: true },
  cli: {
    layers: ['flows', 'profile', 'dev-server'],
    packages: ['commander', 'chalk', 'uqr'],
    node: false,
  },
  flows: { layers: ['oauth', 'jwt', 'profile', 'tokens', 'http'], packages: [], node: false },
  oauth: { layers: [], packages: ['oauth4webapi'], node: false },
  jwt: { layers: [], packages: ['jose'], node: ['node:crypto'] },
  profile: { layers: [], packages: [], node: false },
  tokens: { layers: ['profile'], packages: [], node: false },
  http: { layers: [], packages: [], node: false },
  adapters: {
    layers: [],
    packages: ['open', '@napi-rs/keyring', 'fs-native-extensions'],
    node: true,
  },
  'dev-server': { layers: [], packages: ['oidc-provider', 'jose'], node: true },
  leaf: { layers: [], packages: [], node: false },
};

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  .map((file) => file.replaceAll(path.sep, '/'));

describe('the layers', () => {
  it.each(files)('%s imports only what its layer may', (file) => {
    const layer = layerOf(file);
    const rule = rules[layer];
    expect(rule, `no rule for the layer of ${file}`).toBeDefined();
    const forbidden = importsOf(file).filter(
      (specifier) => !isAllowed(file, layer, rule!, specifier),
    );
    expect(forbidden).toEqual([]);
  });

  it('finds forbidden arrows: the check itself can fail', () => {
    expect(isAllowed('flows/login.ts', 'flows', rules['flows']!, '../adapters/files/home.ts')).toBe(
      false,
    );
    expect(isAllowed('flows/login.ts', 'flows', rules['flows']!, 'oauth4webapi')).toBe(false);
    expect(isAllowed('cli/run.ts', 'cli', rules['cli']!, 'node:fs')).toBe(false);
    expect(
      isAllowed('cli/commands/login.ts', 'cli', rules['cli']!, '../../dev-server/start.ts'),
    ).toBe(false);
    expect(isAllowed('flows/login.ts', 'flows', rules['flows']!, '../oauth/pkce.ts')).toBe(true);
  });

  it.each(files.filter((file) => !/^(main\.ts|adapters\/|dev-server\/)/.test(file)))(
    '%s reaches for no global side effect',
    (file) => {
      const code = withoutComments(readFileSync(path.join(root, file), 'utf8'));
      const reached = [
        /\bprocess\./,
        /\bconsole\./,
        /\bDate\.now\b/,
        /\bnew Date\(\)/,
        /\bMath\.random\b/,
        /(?<![\w.])fetch\(/,
        /\bset(Timeout|Interval)\(/,
      ].filter((pattern) => pattern.test(code));
      expect(reached).toEqual([]);
    },
  );
});

function layerOf(file: string): string {
  if (file === 'main.ts') return 'main';
  const [first] = file.split('/');
  return file.includes('/') ? first! : 'leaf';
}

function importsOf(file: string): string[] {
  const code = readFileSync(path.join(root, file), 'utf8');
  return [...code.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|\bimport\s+)'([^']+)'/g)].map(
    (match) => match[1]!,
  );
}

function isAllowed(file: string, layer: string, rule: Rule, specifier: string): boolean {
  if (specifier.startsWith('node:')) {
    return typeof rule.node === 'boolean' ? rule.node : rule.node.includes(specifier);
  }
  if (!specifier.startsWith('.')) {
    return rule.packages.some((name) => specifier === name || specifier.startsWith(`${name}/`));
  }
  const target = path.posix.join(path.posix.dirname(file), specifier);
  const targetLayer = layerOf(target);
  if (targetLayer === 'leaf') return leaves.includes(path.posix.basename(target, '.ts'));
  if (targetLayer === layer) return true;
  if (targetLayer === 'dev-server' && !/^cli\/commands\/(serve|demo)\.ts$/.test(file)) return false;
  return rule.layers.includes(targetLayer);
}

function withoutComments(code: string): string {
  return code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:])\/\/.*$/gm, '$1');
}
