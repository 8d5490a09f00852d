import { readdir, readFile, readlink } from 'node:fs/promises'

const PAGE_BYTES = 4096
const MEGABYTE = 1024 * 1024

/** Resident memory of a process in MB; 0 when it has ended. */
export async function readMemoryMb(pid: number): Promise<number> {
  const [, resident = '0'] = (await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '')).split(' ')
  return (Number(resident) * PAGE_BYTES) / MEGABYTE
}

/** Connections that a process holds, as `127.0.0.1:443`, apart from the one to this port. */
export async function readConnections(pid: number, exceptPort: number): Promise<string[]> {
  const folder = `/proc/${pid}/fd`
  const names = await readdir(folder).catch(() => [])
  const links = await Promise.all(names.map(name => readlink(`${folder}/${name}`).catch(() => '')))
  const own = new Set(links.flatMap(link => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []))
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map(name => readFile(`/proc/${pid}/net/${name}`, 'utf8').catch(() => '')),
  )
  return tables
    .flatMap(table => table.split('\n').slice(1))
    .map(line => line.trim().split(/\s+/))
    .filter(([, , , , , , , , , inode = '']) => own.has(inode))
    .map(([, , remote = '']) => toAddress(remote))
    .filter(address => !address.endsWith(`:${exceptPort}`))
}

/** From `0100007F:1F90`; only the port of an IPv6 address is of use. */
function toAddress(text: string): string {
  const [host = '', port = ''] = text.split(':')
  const bytes = host.length === 8 ? (host.match(/../g) ?? []).map(byte => Number.parseInt(byte, 16)) : []
  return `${bytes.reverse().join('.')}:${Number.parseInt(port, 16)}`
}
