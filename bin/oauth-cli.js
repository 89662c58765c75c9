#!/usr/bin/env node
// Starts the program; says so plainly where Node is too old for it.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `oauth-cli: error: Node ${process.versions.node} is too old\noauth-cli: hint: install Node 20.19 or later\n`,
  );
  process.exitCode = 1;
} else {
  const { main } = await import('../dist/main.js');
  process.exitCode = await main(process.argv.slice(2));
}
