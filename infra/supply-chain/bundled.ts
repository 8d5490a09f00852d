import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

/** A package of npm whose code is in a bundle. */
export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** SPDX expression, as the package says it; empty if it does not. */
  readonly licence: string
  /** Key in package-lock.json, such as `node_modules/ajv/node_modules/fast-uri`. */
  readonly path: string
}

/** One with what it says of its licence. */
export interface LicensedPackage extends BundledPackage {
  /** Contents of its LICENSE, NOTICE and the like, in the order of their names. */
  readonly texts: readonly string[]
  readonly author: string
}

/** The last package of a path: what lies within another package is one of its own. */
const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//
/** A namespace of a plugin, in front of a path. */
const NAMESPACE = /^[a-z-]+:/
const TEXT_FILE = /^(?:licen[cs]e|notice|copying|copyright)/i

/**
 * Folders of the packages of which something is in a bundle, relative to the working folder of the bundler. What was
 * read and shaken out does not count.
 */
export function toPackageFolders({ outputs }: Pick<Metafile, 'outputs'>): string[] {
  const files = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
  return [...new Set(files.flatMap(path => toPackageFolder(path) ?? []))].toSorted()
}

/** @param path of a file, as the bundler or a source map names it */
export const toPackageFolder = (path: string): string | undefined =>
  PACKAGE.exec(path.replace(NAMESPACE, ''))?.[1]

/** Key in package-lock.json, wherever node_modules lies. */
export const toLockKey = (folder: string): string => folder.slice(folder.indexOf('node_modules/'))

/** @param folders relative to `root` @returns by path */
export async function readPackages(root: string, folders: readonly string[]): Promise<LicensedPackage[]> {
  const packages = await Promise.all(
    folders.map(folder => readPackage(join(root, folder), toLockKey(folder))),
  )
  return packages.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: unknown
  readonly author?: string | { readonly name?: string }
}

async function readPackage(folder: string, path: string): Promise<LicensedPackage> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest
  const names = (await readdir(folder)).filter(name => TEXT_FILE.test(name)).toSorted()
  const texts = await Promise.all(names.map(name => readFile(join(folder, name), 'utf8')))
  const { name, version, license, author = '' } = manifest
  return {
    name,
    version,
    licence: typeof license === 'string' ? license : '',
    path,
    texts: texts.map(text => text.replaceAll('\r\n', '\n').trim()),
    author: typeof author === 'string' ? author : (author.name ?? ''),
  }
}
