/** Places where a test can have the process die, as if the power had failed: PEERAGE_FAILPOINT=after-write:17 kills it the 17th time it gets there. */
export type Failpoint = 'before-write' | 'during-write' | 'before-note' | 'after-write' | 'between-sends'

/** Marks such a place. Does nothing unless the variable names it. */
export const failpoint: (point: Failpoint) => void = arm(process.env['PEERAGE_FAILPOINT'])

function arm(setting: string | undefined): (point: Failpoint) => void {
  const [armed, count] = (setting ?? '').split(':')
  let left = Number(count)
  if (armed === '' || !(left > 0)) return () => undefined
  return (point) => {
    if (point === armed && --left === 0) process.kill(process.pid, 'SIGKILL')
  }
}
