#!/usr/bin/env node
// Plain JavaScript that any Node since version 14 reads: it makes sure that the rest runs on one that is new enough.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const NEEDED = [22, 18]
const self = fileURLToPath(import.meta.url)
const here = dirname(self)
/** In the published package the sources are left out: there the same program is compiled. */
const compiled = join(here, '..', 'dist', 'node', 'cli', 'main.js')
const isSource = existsSync(join(here, 'cli', 'main.ts'))

if (isNewEnough(process.versions.node)) {
  const { main } = await (isSource ? import('./cli/main.ts') : import(pathToFileURL(compiled).href))
  await main(process.argv.slice(2), { selfCommand: [process.execPath, self] })
} else {
  const node = findLocalNode()
  if (node === null) {
    console.error(`peerage needs Node.js ${NEEDED.join('.')} or newer; this is ${process.versions.node}.`)
    console.error(`  Install a newer Node.js${isSource ? `, or run "npm ci" in ${dirname(here)}, which brings one along` : ''}.`)
    process.exit(1)
  }
  reexecute(node)
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])
}

/** The first new enough `node` that npm installed here or in a folder above. */
function findLocalNode() {
  for (let folder = here; ; folder = dirname(folder)) {
    const node = join(folder, 'node_modules', '.bin', 'node')
    if (existsSync(node) && isNewEnough(versionOf(node))) return node
    if (folder === dirname(folder)) return null
  }
}

function versionOf(node) {
  try {
    return execFileSync(node, ['--print', 'process.versions.node'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return '0.0'
  }
}

/** Runs the same command on another Node, passes signals on, and ends as it ends. It learns over the channel when this process dies. */
function reexecute(node) {
  const child = spawn(node, [self, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, PEERAGE_PARENT: process.env.PEERAGE_PARENT || 'bin' },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`peerage: ${node} cannot be run: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code === null ? 128 + constants.signals[signal] : code))
}
