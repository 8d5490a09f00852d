import { open } from 'node:fs/promises'

/** A token, a certificate or a file of settings has some kilobytes; a Secret of the cluster holds 1 MiB at the most. */
const MOST_MIB = 1
const CHUNK_BYTES = 65_536

/** What stands in the place of an error's code, since messages about files show that. */
class TooLong extends Error {
  readonly code: string
  constructor(mostMib: number) {
    const what = `it holds more than ${mostMib} MiB; name the file with the settings alone`
    super(what)
    this.code = what
  }
}

/**
 * Text of a file that a setting names. What is no file of a disk (a pipe, /dev/stdin) is read to its end as well; what is too
 * long for a setting, or never ends, is refused as soon as that is known.
 *
 * @throws Error with `code`, which is fit for a message
 */
export async function readTextFile(path: string, mostMib = MOST_MIB): Promise<string> {
  const file = await open(path)
  try {
    const chunks: Buffer[] = []
    for (let left = mostMib * 1024 * 1024; left >= 0; ) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, null)
      if (bytesRead === 0) return Buffer.concat(chunks).toString('utf8')
      chunks.push(buffer.subarray(0, bytesRead))
      left -= bytesRead
    }
    throw new TooLong(mostMib)
  } finally {
    await file.close()
  }
}
