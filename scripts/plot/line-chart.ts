/** Line charts as SVG text: no fonts, scripts or styles from elsewhere. */

export interface Chart {
  title: string
  x: { label: string; log?: boolean }
  y: { label: string; log?: boolean }
  series: readonly Series[]
}

export interface Series {
  name: string
  /** Finite numbers, and above 0 on a logarithmic axis; others are left out. */
  points: readonly (readonly [x: number, y: number])[]
  /** A shaded range around the line. */
  band?: readonly (readonly [x: number, low: number, high: number])[]
}

/** Okabe and Ito's palette, told apart by readers who confuse colours; each repetition is dashed more finely. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000', '#8c6d1f']
const DASHES = ['', '8 4', '2 3']

const WIDTH = 860
const HEIGHT = 440
const PLOT = { left: 70, right: 620, top: 44, bottom: 384 }
const LEGEND_LEFT = 640
const LEGEND_STEP = 18

interface Axis {
  ticks: number[]
  place: (value: number) => number
}

/** Draws a line chart with its legend. Pure; the same chart gives the same text. */
export function lineChart({ title, x, y, series }: Chart): string {
  const shown = series.map((line) => ({
    ...line,
    points: line.points.filter(([px, py]) => fits(px, x.log) && fits(py, y.log)),
    band: (line.band ?? []).filter(([px, low, high]) => fits(px, x.log) && fits(low, y.log) && fits(high, y.log)),
  }))
  const across = createAxis(shown.flatMap(({ points }) => points.map(([value]) => value)), x.log === true, PLOT.left, PLOT.right)
  const upwards = createAxis(
    shown.flatMap(({ points, band }) => [...points.map(([, value]) => value), ...band.flatMap(([, low, high]) => [low, high])]),
    y.log === true,
    PLOT.bottom,
    PLOT.top,
  )
  const at = (px: number, py: number): string => `${round(across.place(px))},${round(upwards.place(py))}`
  const drawn = shown.flatMap(({ name, points, band }, index) => {
    const colour = COLOURS[index % COLOURS.length] as string
    const dash = DASHES[Math.floor(index / COLOURS.length) % DASHES.length] as string
    const stroke = `stroke="${colour}" stroke-width="1.8"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`
    const outline = [...band.map(([px, low]) => at(px, low)), ...band.toReversed().map(([px, , high]) => at(px, high))]
    const legendY = PLOT.top + 6 + index * LEGEND_STEP
    return [
      ...(band.length > 0 ? [`<polygon points="${outline.join(' ')}" fill="${colour}" fill-opacity="0.15"/>`] : []),
      `<polyline points="${points.map(([px, py]) => at(px, py)).join(' ')}" fill="none" ${stroke}/>`,
      ...(points.length <= 30 ? points.map(([px, py]) => `<circle cx="${round(across.place(px))}" cy="${round(upwards.place(py))}" r="2.6" fill="${colour}"/>`) : []),
      `<line x1="${LEGEND_LEFT}" y1="${legendY}" x2="${LEGEND_LEFT + 22}" y2="${legendY}" ${stroke}/>`,
      text(LEGEND_LEFT + 28, legendY + 4, name),
    ]
  })
  const height = Math.max(HEIGHT, PLOT.top + 20 + series.length * LEGEND_STEP)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    text(PLOT.left, 24, title, 'font-size="15" font-weight="bold"'),
    ...drawGrid(across, upwards),
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 40, x.label, 'text-anchor="middle"'),
    text(0, 0, y.label, `text-anchor="middle" transform="translate(18 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)"`),
    ...drawn,
    '</svg>\n',
  ].join('\n')
}

function drawGrid(across: Axis, upwards: Axis): string[] {
  const line = (x1: number, y1: number, x2: number, y2: number): string => `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="#ddd"/>`
  return [
    ...across.ticks.flatMap((tick) => [
      line(across.place(tick), PLOT.top, across.place(tick), PLOT.bottom),
      text(across.place(tick), PLOT.bottom + 18, formatTick(tick), 'text-anchor="middle"'),
    ]),
    ...upwards.ticks.flatMap((tick) => [
      line(PLOT.left, upwards.place(tick), PLOT.right, upwards.place(tick)),
      text(PLOT.left - 8, upwards.place(tick) + 4, formatTick(tick), 'text-anchor="end"'),
    ]),
  ]
}

function fits(value: number, log: boolean | undefined): boolean {
  return Number.isFinite(value) && (log !== true || value > 0)
}

// From the tick at or below the lowest value to the one at or above the highest.
function createAxis(values: readonly number[], log: boolean, start: number, end: number): Axis {
  const scale = log ? Math.log10 : (value: number): number => value
  const lowest = values.reduce((low, value) => Math.min(low, value), Infinity)
  const highest = values.reduce((high, value) => Math.max(high, value), -Infinity)
  const [from, to] = lowest > highest ? [log ? 1 : 0, 1] : [lowest, highest]
  const ticks = log ? powersOfTen(from, to) : evenTicks(from, to)
  const first = scale(ticks[0] as number)
  const span = scale(ticks.at(-1) as number) - first
  return { ticks, place: (value) => start + ((scale(value) - first) / span) * (end - start) }
}

function powersOfTen(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(from))
  const last = Math.max(first + 1, Math.ceil(Math.log10(to)))
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
}

/** Four to nine ticks at multiples of 1, 2 or 5 times a power of ten. */
function evenTicks(from: number, to: number): number[] {
  const range = to > from ? to - from : Math.abs(from) || 1
  const power = 10 ** Math.floor(Math.log10(range / 4))
  const step = ([1, 2, 5].find((factor) => range / (factor * power) <= 7) ?? 10) * power
  const first = Math.floor(from / step)
  const last = Math.max(first + 1, Math.ceil(to / step))
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step)
}

function formatTick(value: number): string {
  return String(Number(value.toPrecision(6)))
}

function round(value: number): number {
  return Math.round(10 * value) / 10
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<text x="${round(x)}" y="${round(y)}"${attributes === '' ? '' : ` ${attributes}`}>${escaped}</text>`
}
