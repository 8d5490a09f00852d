import { execFileSync } from 'node:child_process'
import t from 'tap'
import { readBlocks, readNames, toScript } from './_page.ts'

const PAGE = `
Text.

\`\`\`sh values
export HOST=203.0.113.9 PORT=1
export WORD="it's"
\`\`\`

1. In a list:

   \`\`\`sh
   echo $HOST-$WORD
     echo indented
   \`\`\`

\`\`\`yaml
kind: Anything
\`\`\`

\`\`\`sh background
while :; do sleep 1; done
\`\`\`

\`\`\`sh machine
reboot
\`\`\`

\`\`\`sh aws
exit 3
\`\`\`

\`\`\`sh
exit 4
\`\`\`
`

t.test('blocks of a page', async t => {
  const blocks = readBlocks(PAGE)
  t.match(blocks.slice(0, 3), [
    { language: 'sh', roles: ['values'], line: 4 },
    { language: 'sh', roles: [], text: 'echo $HOST-$WORD\n  echo indented', line: 11 },
    { language: 'yaml', roles: [], text: 'kind: Anything' },
  ])
  t.equal(blocks.length, 7)
  t.throws(() => readBlocks('```sh\nls'), { message: 'the block of line 1 does not end' })
})

t.test('names of the values', async t => {
  const [values] = readBlocks(PAGE)
  t.strictSame(values && readNames(values), ['HOST', 'PORT', 'WORD'])
})

t.test('a script goes up to what needs an account, and ends what it left running', async t => {
  const values = { HOST: '127.0.0.1', PORT: '2', WORD: "that's" }
  const stdout = execFileSync('bash', ['-c', toScript(readBlocks(PAGE), values)], { encoding: 'utf8' })
  t.equal(stdout, "127.0.0.1-that's\nindented\n")
})

t.test('a value that nobody gives', async t => {
  t.throws(() => toScript(readBlocks(PAGE), { HOST: 'a', PORT: '2' }), { message: /asks for WORD/ })
})
