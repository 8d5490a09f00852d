/** A fenced block of a guide. */
export interface Block {
  /** First word behind the fence: `sh`, `yaml`, `text`. */
  readonly language: string
  /** The other words: how the commands are meant, see `ROLES`. */
  readonly roles: readonly string[]
  readonly text: string
  /** Of its fence, from 1. */
  readonly line: number
}

/**
 * What a shell block may say of itself behind `sh`. Without one its commands run as they stand.
 * `values`: the reader's own values, which a test replaces; `background`: goes on while the page does;
 * `aws`: needs a real account there; `cosign`: a program that is not everywhere; `machine`: belongs onto another machine, such as one of the control plane.
 */
export const ROLES = ['values', 'background', 'aws', 'cosign', 'machine'] as const

const FENCE = /^( *)```(.*)$/

/** Every fenced block of a page, in order. @throws Error for a fence that does not end */
export function readBlocks(page: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { indent: string; info: string; line: number; lines: string[] } | undefined
  for (const [index, line] of page.split('\n').entries()) {
    const [, indent = '', info = ''] = FENCE.exec(line) ?? []
    const isFence = FENCE.test(line)
    if (open && isFence && info === '') {
      const [language = '', ...roles] = open.info.split(/\s+/)
      blocks.push({ language, roles, text: open.lines.join('\n'), line: open.line })
      open = undefined
    } else if (open) open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line)
    else if (isFence) open = { indent, info: info.trim(), line: index + 1, lines: [] }
  }
  if (open) throw new Error(`the block of line ${open.line} does not end`)
  return blocks
}

/** Variables that a block of values gives the reader to fill in. */
export const readNames = ({ text }: Block): readonly string[] =>
  [...text.matchAll(/(?:^|\s)([A-Z][A-Z0-9_]*)=/g)].map(([, name = '']) => name)

/**
 * One script of a page's commands up to the first that needs an account there is none of.
 *
 * @param values by variable, in place of those of the page
 * @throws Error when the page asks for a value that is not given
 */
export function toScript(blocks: readonly Block[], values: Readonly<Record<string, string>>): string {
  const shell = blocks.filter(({ language }) => language === 'sh')
  const end = shell.findIndex(({ roles }) => roles.includes('aws'))
  const steps = (end < 0 ? shell : shell.slice(0, end)).filter(({ roles }) => !roles.includes('machine'))
  return [
    'set -euo pipefail',
    // Whatever a page leaves running ends with it.
    `trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT`,
    ...steps.map(block => toStep(block, values)),
    'echo "::end" >&2',
    '',
  ].join('\n')
}

function toStep(block: Block, values: Readonly<Record<string, string>>): string {
  const told = `echo "::line ${block.line}" >&2`
  if (block.roles.includes('values'))
    return [told, ...readNames(block).map(name => toExport(name, values))].join('\n')
  if (!block.roles.includes('background')) return `${told}\n${block.text}`
  return `${told}\n{\n${block.text}\n} >&2 &`
}

function toExport(name: string, values: Readonly<Record<string, string>>): string {
  const value = values[name]
  if (value === undefined) throw new Error(`the page asks for ${name}, which the test does not give`)
  return `export ${name}='${value.replaceAll("'", `'\\''`)}'`
}
