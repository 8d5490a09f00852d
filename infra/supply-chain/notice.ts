import { BuildProblem } from '../problem.ts'
import type { LicensedPackage } from './bundled.ts'

/** Node as a part of the single file. */
export interface NodeLicence {
  readonly version: string
  /** Its LICENSE, which has those of all that it contains. */
  readonly text: string
}

export interface NoticeFacts {
  readonly packages: readonly LicensedPackage[]
  /** Left out where Node is not shipped along. */
  readonly node?: NodeLicence | undefined
  /** The text of the Apache License 2.0: our own. */
  readonly apache: string
}

const HEAD = `This program is under the Apache License 2.0. It contains the software below, each part under the licence that follows
its name. Printed from what was put in when it was built.`
const RULE = '='.repeat(80)

/** From the text of https://spdx.org/licenses/MIT. */
const toMit = (author: string): string => `The MIT License (MIT)

Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`

/**
 * The file of licences that goes along with what is shipped. Packages with the very same text stand above it together.
 *
 * @throws BuildProblem BUILD_LICENCE_MISSING for a package without any text, under a licence whose text is not known here
 */
export function toNotice({ packages, node, apache }: NoticeFacts): string {
  const groups = new Map<string, string[]>()
  for (const one of packages) {
    const text = toText(one, apache)
    groups.set(text, [...(groups.get(text) ?? []), `${one.name} ${one.version} (${one.licence})`])
  }
  const parts = [...groups].map(([text, names]) => `${[...new Set(names)].join('\n')}\n\n${text}`)
  const ofNode = node ? [`Node.js ${node.version}, and what it contains\n\n${node.text.trim()}`] : []
  return [HEAD, ...parts, ...ofNode].map(part => `${part}\n`).join(`\n${RULE}\n\n`)
}

function toText({ name, version, licence, texts, author }: LicensedPackage, apache: string): string {
  if (texts.length > 0) return texts.join('\n\n')
  if (licence === 'Apache-2.0') return apache.trim()
  if (licence === 'MIT' && author !== '') return toMit(author)
  throw new BuildProblem(
    'BUILD_LICENCE_MISSING',
    `${name} ${version} brings no text of its licence (${licence})`,
  )
}
