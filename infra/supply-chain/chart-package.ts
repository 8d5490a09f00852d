import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { parse } from 'yaml'
import { type TarEntry, toTarGz } from './tar.ts'

/** What .helmignore leaves out. */
const LEFT = /\.(?:bak|orig|tmp)$|^\.DS_Store$/

export interface ChartPackage {
  /** As Helm names it: `<chart>-<version>.tgz`. */
  readonly name: string
  readonly bytes: Buffer
}

/**
 * What `helm package` makes, with the licence in it: Helm itself writes the time at which it runs.
 *
 * @param chart its folder @param licence path of the text @param epoch seconds since 1970
 */
export async function packChart(chart: string, licence: string, epoch: number): Promise<ChartPackage> {
  const { name, version } = parse(await readFile(join(chart, 'Chart.yaml'), 'utf8')) as Record<
    'name' | 'version',
    string
  >
  const paths = (await readdir(chart, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile() && !LEFT.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
  const files = paths.map(async path => toEntry(`${name}/${relative(chart, path)}`, path))
  const entries = await Promise.all([...files, toEntry(`${name}/LICENSE`, licence)])
  return { name: `${name}-${version}.tgz`, bytes: toTarGz(entries, epoch) }
}

const toEntry = async (name: string, path: string): Promise<TarEntry> => ({
  name,
  contents: await readFile(path),
})
