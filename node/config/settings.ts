/** How the text of a flag or an environment variable becomes a value. */
export type SettingForm = 'text' | 'integer' | 'list'

/** One thing that can be set from outside the file. `path` is the field in config.toml, dots between tables. */
export interface Setting {
  path: string
  env: string
  flag: string
  form: SettingForm
  help: string
}

/** Every field that flags and the environment override; `path` is unique. */
export const SETTINGS: readonly Setting[] = [
  { path: 'name', env: 'PEERAGE_NAME', flag: '--name <label>', form: 'text', help: 'your own label for this node' },
  { path: 'logLevel', env: 'PEERAGE_LOG_LEVEL', flag: '--log-level <level>', form: 'text', help: 'debug, info, warn or error' },
  { path: 'network.genesis', env: 'PEERAGE_GENESIS', flag: '--genesis <file>', form: 'text', help: "the network's genesis file" },
  { path: 'network.host', env: 'PEERAGE_HOST', flag: '--host <ip>', form: 'text', help: 'address to listen on for peers' },
  { path: 'network.port', env: 'PEERAGE_PORT', flag: '--port <port>', form: 'integer', help: 'port to listen on for peers' },
  { path: 'network.listen', env: 'PEERAGE_LISTEN', flag: '--listen <multiaddr...>', form: 'list', help: 'multiaddrs to listen on instead of host and port' },
  { path: 'network.announce', env: 'PEERAGE_ANNOUNCE', flag: '--announce <multiaddr...>', form: 'list', help: 'addresses to tell peers, where those listened on do not lead here' },
  { path: 'network.bootstrap', env: 'PEERAGE_BOOTSTRAP', flag: '--bootstrap <multiaddr...>', form: 'list', help: 'peers to stay connected to' },
  { path: 'http.host', env: 'PEERAGE_HTTP_HOST', flag: '--http-host <host>', form: 'text', help: 'address of the HTTP API' },
  { path: 'http.port', env: 'PEERAGE_HTTP_PORT', flag: '--http-port <port>', form: 'integer', help: 'port of the HTTP API' },
  { path: 'http.tokenFile', env: 'PEERAGE_HTTP_TOKEN_FILE', flag: '--http-token-file <file>', form: 'text', help: 'file with the token that API requests must carry' },
  { path: 'http.publicUrl', env: 'PEERAGE_HTTP_PUBLIC_URL', flag: '--http-public-url <url>', form: 'text', help: 'where clients reach the API, if a proxy stands before it' },
]

/** The flag's name alone: `--port`. */
export function flagName(setting: Setting): string {
  return setting.flag.split(' ')[0] as string
}

/** Reads a text by its form; a text that does not fit is returned as it is, for the schema to refuse by name. Lists are separated by commas. */
export function parseSetting(form: SettingForm, text: string): unknown {
  if (form === 'integer') return /^-?\d{1,9}$/.test(text) ? Number(text) : text
  if (form === 'list') return text.split(',').map((part) => part.trim()).filter((part) => part !== '')
  return text
}
