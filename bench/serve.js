// Requests per second of client_credentials: `serve` against the bare library configured the same way, in turns.
// Build first; then `node bench/serve.js`. Exits 1 when serve keeps less than 90% of the rate.

import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { Agent, createServer, request } from 'node:http';
import { Provider } from 'oidc-provider/lib/provider.js';
import { startDevServer } from '../dist/dev-server/start.js';

const rounds = 7;
const requestsPerRound = 1500;
const connections = 8;
const client = { client_id: 'bench', client_secret: 'bench-secret' };

const serve = await startDevServer({ configuration: { clients: [client] } });
const bare = await startBareLibrary();
const rates = { serve: [], bare: [] };
for (let round = 0; round < rounds; round++) {
  rates.bare.push(await measure(bare.issuer));
  rates.serve.push(await measure(serve.issuer));
}
// The first round of each warms up.
const [own, library] = [rates.serve, rates.bare].map((all) => median(all.slice(1)));
const ratio = own / library;
console.log(JSON.stringify({ serve: own, library, ratio: Number(ratio.toFixed(3)) }));
bare.close();
await serve.close();
process.exitCode = ratio < 0.9 ? 1 : 0;

async function startBareLibrary() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = createSecretKey(randomBytes(32));
  const models = new Map();
  const adapter = (model) => ({
    upsert: async (id, payload) => void models.set(`${model}:${id}`, payload),
    find: async (id) => models.get(`${model}:${id}`),
    destroy: async (id) => void models.delete(`${model}:${id}`),
  });
  const provider = new Provider(issuer, {
    adapter,
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['bench'] },
    ttl: { ClientCredentials: 1800 },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clients: [
      { ...client, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => `${issuer}/protected`,
        getResourceServerInfo: (_context, audience) => ({
          audience,
          scope: 'read write',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'HS256', key } },
        }),
      },
    },
  });
  server.on('request', provider.callback());
  return { issuer, close: () => server.close(() => undefined) };
}

async function measure(issuer) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const before = performance.now();
  let left = requestsPerRound;
  const worker = async () => {
    while (left-- > 0) await ask(issuer, agent);
  };
  await Promise.all(Array.from({ length: connections }, worker));
  agent.destroy();
  return Math.round((requestsPerRound * 1000) / (performance.now() - before));
}

function ask(issuer, agent) {
  const body = 'grant_type=client_credentials';
  const headers = {
    Authorization: `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`,
    'Content-Type': 'application/x-www-form-urlencoded',
    'Content-Length': body.length,
  };
  return new Promise((resolve, reject) => {
    request(`${issuer}/token`, { method: 'POST', agent, headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      response.resume().on('end', resolve);
    })
      .on('error', reject)
      .end(body);
  });
}

function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}
