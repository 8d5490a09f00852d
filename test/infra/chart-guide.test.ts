import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { CHART } from '../../infra/helm.ts'

const PAGE = 'docs/guides/run-in-the-cluster.md'

t.test('the guide names values of the chart as they are', async t => {
  const page = await readFile(join(import.meta.dirname, '../..', PAGE), 'utf8')
  const values = parse(await readFile(join(CHART, 'values.yaml'), 'utf8')) as object
  // Files of the same form are no values.
  const named = [...page.matchAll(/[`, ]([a-zA-Z]+(?:\.[a-zA-Z]+)*)(?:=|`)/g)]
    .map(([, path = '']) => path.split('.'))
    .filter(
      ([first = '', second]) =>
        first in values && (!/^(crt|key)$/.test(second ?? 'key') || first === 'replicas'),
    )
  t.ok(named.length > 8, `${named.length} values are named`)
  for (const path of named) t.ok(isThere(values, path), path.join('.'))
  t.match(page, /kubectl apply -f infra\/manifest\/cloud-provider-phoenixnap\.yaml/)
})

const isThere = (values: unknown, [first, ...rest]: readonly string[]): boolean =>
  first === undefined ||
  (typeof values === 'object' &&
    values !== null &&
    first in values &&
    isThere(values[first as keyof typeof values], rest))
