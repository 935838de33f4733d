/**
 * Where a source file lies in what runs: itself, or in the published package the JavaScript compiled from it.
 * Write `sourceFile(new URL('./worker.ts', import.meta.url))`.
 */
export function sourceFile(source: URL): URL {
  return import.meta.url.endsWith('.js') ? new URL(source.href.replace(/\.ts$/, '.js')) : source
}
