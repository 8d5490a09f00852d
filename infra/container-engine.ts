import { BuildProblem } from './problem.ts'
import type { RunTool } from './tool.ts'

/** Programs that build and run containers, in the order in which they are tried. */
export const ENGINES = ['docker', 'podman', 'buildah'] as const

export type EngineName = (typeof ENGINES)[number]

/** Cheapest call that fails where the engine is there but cannot work, such as docker without its daemon. */
const PROOFS: Readonly<Record<EngineName, readonly string[]>> = {
  docker: ['version', '--format', '{{.Server.Version}}'],
  podman: ['info', '--format', '{{.Store.GraphDriverName}}'],
  buildah: ['info', '--format', '{{.store.GraphDriverName}}'],
}
/** A daemon that is starting takes a few seconds to answer; one that hangs does not count as working. */
const PROOF_LIMIT_MS = 20_000

/**
 * The engine to use: the wanted one, otherwise the first that works.
 *
 * @param wanted name of an engine, as in `make image ENGINE=podman`; undefined or empty takes any
 * @throws BuildProblem BUILD_USAGE for an unknown name; BUILD_ENGINE_MISSING that says of each why it does not work
 */
export async function findEngine(run: RunTool, wanted?: string): Promise<EngineName> {
  const missing: string[] = []
  for (const name of toCandidates(wanted)) {
    const { code, err } = await run(name, PROOFS[name], { timeoutMs: PROOF_LIMIT_MS })
    if (code === 0) return name
    missing.push(`${name}: ${code === undefined ? 'not installed' : toFirstLine(err)}`)
  }
  throw new BuildProblem('BUILD_ENGINE_MISSING', `no container engine works here (${missing.join('; ')})`)
}

function toCandidates(wanted: string | undefined): readonly EngineName[] {
  if (!wanted) return ENGINES
  const name = ENGINES.find(known => known === wanted)
  if (name) return [name]
  throw new BuildProblem('BUILD_USAGE', `ENGINE=${wanted} is unknown (known: ${ENGINES.join(', ')})`)
}

const toFirstLine = (text: string): string => text.trim().split('\n')[0] || 'does not answer'
