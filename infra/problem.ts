/** What goes wrong while something is built or shipped, each with what to do about it. */
export const PROBLEMS = {
  BUILD_USAGE: 'See make help.',
  BUILD_ENGINE_MISSING: 'Install docker, podman or buildah, or name the one to use: ENGINE=podman.',
  BUILD_NODE_UNTRUSTED:
    'Try again; if it stays so, the package is not the one that was reviewed: compare it with infra/binary/node-packages.ts.',
  BUILD_LICENCE_MISSING:
    'Add the text of its licence (infra/supply-chain), or do without the package: nothing is shipped without its licence.',
  BUILD_LICENCE_REFUSED:
    'Do without the package, or have the licence looked at and add it in infra/supply-chain/licence-policy.ts.',
  BUILD_AUDIT_FAILED:
    'Take other versions of the packages, or accept an advisory with reason and date (infra/supply-chain/accepted-advisories.ts).',
  BUILD_NOT_REPRODUCIBLE:
    'Build it once more, to see whether it is always the same file; diffoscope shows what differs in it.',
  BUILD_BASE_MISSING:
    'Install mmdebstrap and debian-archive-keyring, or name an image with glibc, libstdc++, libgcc and libatomic: BASE_IMAGE=….',
  BUILD_GIT_MISSING: 'Images name the commit that they are made of: work in a clone of the repository.',
  BUILD_REFUSED: 'Nothing was pushed. Correct what the message names, and run it again.',
  BUILD_REGISTRY_INSECURE:
    'Give the registry a certificate; without TLS it is accepted on loopback only (127.0.0.0/8, ::1, localhost).',
  BUILD_LOGIN_FAILED:
    'Correct REGISTRY_USER and REGISTRY_PASSWORD: they may push to the repository of BUILD_IMAGE.',
  BUILD_SKOPEO_MISSING: 'Install skopeo.',
  BUILD_PUSH_FAILED:
    'Run it again when the registry answers (log in with the login of any engine); what is complete is not sent twice.',
  BUILD_TOOL_FAILED: 'Read what the tool wrote above; the message has its command.',
} as const

export type ProblemCode = keyof typeof PROBLEMS

/** A failure that a person who builds can do something about. */
export class BuildProblem extends Error {
  readonly code: ProblemCode

  constructor(code: ProblemCode, message: string) {
    super(message)
    this.name = 'BuildProblem'
    this.code = code
  }
}

const USAGE_EXIT = 2

/** Runs a script of infra/ and makes a problem one line and what to do. @returns exit code 0, 1, or 2: wrong usage */
export async function runScript(
  main: () => Promise<void>,
  err: (text: string) => void = text => void process.stderr.write(text),
): Promise<number> {
  try {
    await main()
    return 0
  } catch (thrown) {
    if (!(thrown instanceof BuildProblem)) throw thrown
    err(`${thrown.code}: ${thrown.message}\n${PROBLEMS[thrown.code]}\n`)
    return thrown.code === 'BUILD_USAGE' ? USAGE_EXIT : 1
  }
}
