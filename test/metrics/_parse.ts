const ROW =
  /^([a-z][a-z0-9_]*(?:\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+\})?) (-?(?:\d+(?:\.\d+)?(?:e[+-]\d+)?|\+Inf|NaN))$/
const HEAD = /^# (?:HELP [a-z0-9_]+ .+|TYPE [a-z0-9_]+ (?:counter|gauge|histogram))$/

/**
 * Rows of Prometheus's text format, as `name{label="value"}` with their values.
 *
 * @throws Error on a line that is none, a row that comes twice, and a metric whose rows do not stand together under its head
 */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  const rows = new Map<string, number>()
  const heads = new Set<string>()
  let current = ''
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  for (const line of text.slice(0, -1).split('\n')) {
    if (line.startsWith('#')) {
      if (!HEAD.test(line)) throw new Error(`no head: ${line}`)
      const [, kind, name = ''] = line.split(' ')
      if (kind === 'HELP' && heads.has(name)) throw new Error(`comes twice: ${line}`)
      heads.add(name)
      current = name
      continue
    }
    const [, key, value] = ROW.exec(line) ?? []
    if (key === undefined || value === undefined) throw new Error(`no row: ${line}`)
    if (!key.startsWith(current) || rows.has(key)) throw new Error(`out of place or twice: ${line}`)
    rows.set(key, Number(value.replace('+Inf', 'Infinity')))
  }
  return rows
}
