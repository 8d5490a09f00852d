import { execFileSync } from 'node:child_process'
import { glob, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { needsPrograms } from '../support/programs.ts'

const ROOT = join(import.meta.dirname, '../..')

interface Workflow {
  readonly name: string
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions: unknown
  readonly concurrency: { readonly group: string; readonly 'cancel-in-progress': boolean }
  readonly jobs: Readonly<Record<string, Job>>
}

interface Job {
  readonly permissions?: unknown
  readonly 'timeout-minutes'?: number
  readonly env?: Readonly<Record<string, string>>
  readonly steps: readonly {
    readonly run?: string
    readonly uses?: string
    readonly env?: Readonly<Record<string, string>>
  }[]
}

async function readWorkflows(): Promise<Map<string, Workflow>> {
  const paths = await Array.fromAsync(glob('.github/workflows/*.{yml,yaml}', { cwd: ROOT }))
  const read = paths.map(
    async path => [basename(path), parse(await readFile(join(ROOT, path), 'utf8')) as Workflow] as const,
  )
  return new Map(await Promise.all(read))
}

const workflows = await readWorkflows()
const stepsOf = ({ jobs }: Workflow) => Object.values(jobs).flatMap(({ steps }) => steps)
const runsOf = (name: string): string[] => {
  const workflow = workflows.get(name)
  return workflow ? stepsOf(workflow).flatMap(({ run }) => run ?? []) : []
}

t.test('each event runs its part of the pipeline', async t => {
  t.strictSame(
    [...workflows.keys()].toSorted((a, b) => (a < b ? -1 : 1)),
    ['main.yml', 'pull-request.yml', 'release.yml'],
  )
  t.strictSame(runsOf('pull-request.yml'), ['make tools', 'make ci'])
  t.strictSame(runsOf('main.yml'), [
    'make tools',
    'make ci',
    'make login',
    'make cd CONFIRM=true BRANCH_NAME=main',
  ])
  t.strictSame(runsOf('release.yml'), ['make tools', 'make ci', 'make login', 'make release CONFIRM=true'])
  t.strictSame(workflows.get('pull-request.yml')?.on, { pull_request: null })
  t.strictSame(workflows.get('main.yml')?.on, { push: { branches: ['main'] } })
  t.match(workflows.get('release.yml')?.on, { push: { tags: /^v/ } })
})

t.test(
  'every command is a make target that is documented, with variables that are',
  needsPrograms('make'),
  async t => {
    const help = execFileSync('make', ['--no-print-directory', 'help'], { cwd: ROOT, encoding: 'utf8' })
    const guide = await readFile(join(ROOT, 'docs/guides/build-and-release.md'), 'utf8')
    for (const run of [...workflows.values()].flatMap(stepsOf).flatMap(({ run }) => run ?? [])) {
      const [, target = '', variables = ''] = /^make ([a-z-]+)((?: [A-Z_]+=[\w.]+)*)$/.exec(run) ?? []
      t.match(help, new RegExp(`^make ${target} `, 'm'), run)
      t.match(guide, `make ${target}`, `${run}, in the guide`)
      for (const [, name] of variables.matchAll(/([A-Z_]+)=/g)) t.match(help, `${name}=`, `${run}: ${name}`)
    }
  },
)

t.test('a workflow may do no more than it needs', async t => {
  for (const [file, workflow] of workflows) {
    t.strictSame(workflow.permissions, { contents: 'read' }, file)
    t.type(workflow.concurrency.group, 'string', file)
    t.equal(
      workflow.concurrency['cancel-in-progress'],
      file === 'pull-request.yml',
      `${file}: no push is broken off`,
    )
    for (const job of Object.values(workflow.jobs)) {
      t.equal(job.permissions, undefined, file)
      t.type(job['timeout-minutes'], 'number', file)
    }
    for (const { uses } of stepsOf(workflow)) {
      if (uses !== undefined)
        t.match(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/, `${file}: ${uses} cannot be replaced by others`)
    }
  }
})

t.test('an audit without an answer fails in every pipeline', async t => {
  for (const [file, { jobs }] of workflows)
    for (const job of Object.values(jobs)) t.equal(job.env?.['AUDIT_REQUIRED'], 'true', file)
})

t.test('what waits is not dropped for another commit or tag', async t => {
  t.equal(workflows.get('main.yml')?.concurrency.group, 'main-${{ github.sha }}')
  t.equal(workflows.get('release.yml')?.concurrency.group, 'release-${{ github.ref }}')
})

/** What sees secrets: the password for the login, the key for the signature. */
const WITH_SECRETS: Readonly<Record<string, readonly string[]>> = {
  'main.yml': ['make login'],
  'pull-request.yml': [],
  'release.yml': ['make login', 'make release CONFIRM=true'],
}

t.test('password and key are there for login and signature alone, and in no pull request', async t => {
  for (const [file, workflow] of workflows) {
    const withSecrets = stepsOf(workflow).filter(step => JSON.stringify(step).includes('secrets.'))
    t.strictSame(
      withSecrets.map(({ run }) => run),
      WITH_SECRETS[file],
      file,
    )
    const outside = { ...workflow, jobs: Object.values(workflow.jobs).map(job => ({ ...job, steps: [] })) }
    t.notMatch(JSON.stringify(outside), /secrets\./, file)
  }
})

t.test(
  'the guide names targets and variables that there are, and all of ours',
  needsPrograms('make'),
  async t => {
    const help = execFileSync('make', ['--no-print-directory', 'help'], { cwd: ROOT, encoding: 'utf8' })
    const guide = await readFile(join(ROOT, 'docs/guides/build-and-release.md'), 'utf8')
    const targets = [...guide.matchAll(/(?:`| {4})make ([a-z-]+)/g)].map(([, target = '']) => target)
    for (const target of new Set(targets))
      t.match(help, new RegExp(`^make ${target} `, 'm'), `make ${target}`)
    for (const target of ['image', 'image-all', 'ci', 'cd', 'release', 'login', 'tools'])
      t.ok(targets.includes(target), target)
    for (const [, name = ''] of guide.matchAll(/^\| `([A-Z_]+)`/gm)) t.match(help, `${name}=`, name)
  },
)
