//! How a shell command ended, and what it wrote.

use std::collections::VecDeque;

/// How a shell command ended, and what it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelled {
    /// How it ended.
    pub end: ShellEnd,
    /// Standard output.
    pub stdout: Written,
    /// Standard error.
    pub stderr: Written,
    /// It has ended, and something that it started goes on and still holds its output. Nobody reads that any more.
    pub leaves_some: bool,
}

/// How a shell command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShellEnd {
    /// With an exit code.
    Code(i32),
    /// By a signal of somebody else.
    Signal,
    /// It was stopped with all that it had started: the run leaves.
    Stopped,
    /// It was stopped with all that it had started: its time was over.
    TimeOver,
}

/// What a command wrote: its beginning and its end. What is between is counted and left out, so that no command can
/// fill the memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Written {
    /// Bytes of the beginning that are kept.
    pub const HEAD: usize = 1 << 20;
    /// Bytes of the end that are kept.
    pub const TAIL: usize = 64 << 10;

    /// Takes what comes next.
    pub fn push(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(Self::HEAD - self.head.len()));
        self.head.extend_from_slice(first);
        // Of more than the end can hold, only the last counts.
        let skipped = rest.len().saturating_sub(Self::TAIL);
        let rest = &rest[skipped..];
        let pushed_out = (self.tail.len() + rest.len()).saturating_sub(Self::TAIL);
        self.tail.drain(..pushed_out);
        self.tail.extend(rest);
        self.left_out += (skipped + pushed_out) as u64;
    }

    /// All of it; `None` if something was left out.
    pub fn whole(&self) -> Option<Vec<u8>> {
        (self.left_out == 0).then(|| self.head.iter().chain(&self.tail).copied().collect())
    }

    /// The beginning, the bytes that were left out, and the end. A line that lost a part is left out as a whole: half of a
    /// secret in it would not be recognised.
    pub fn parts(&self) -> (String, u64, String) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.left_out == 0 {
            return (text(&[self.head.as_slice(), &tail].concat()), 0, String::new());
        }
        let head_end = self.head.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let tail_start = tail.iter().position(|byte| *byte == b'\n').map_or(tail.len(), |at| at + 1);
        let lost = self.head.len() - head_end + tail_start;
        tail.drain(..tail_start);
        (text(&self.head[..head_end]), self.left_out + lost as u64, text(&tail))
    }
}

impl From<&[u8]> for Written {
    fn from(bytes: &[u8]) -> Self {
        let mut written = Self::default();
        written.push(bytes);
        written
    }
}

#[cfg(test)]
mod tests {
    use super::Written;

    #[test]
    fn of_an_endless_output_beginning_and_end_stay() {
        let mut written = Written::default();
        let line = |number: u32| format!("line {number:07}\n");
        let mut bytes = 0;
        for number in 0..200_000 {
            written.push(line(number).as_bytes());
            bytes += line(number).len() as u64;
        }
        assert_eq!(written.whole(), None);
        let (head, left_out, tail) = written.parts();
        assert!(head.starts_with("line 0000000\n") && head.ends_with('\n'));
        assert!(
            tail.starts_with("line ") && tail.ends_with("line 0199999\n"),
            "a line is whole or not there"
        );
        assert_eq!(head.len() as u64 + left_out + tail.len() as u64, bytes);
        assert!(head.len() <= Written::HEAD && tail.len() <= Written::TAIL);
    }

    #[test]
    fn it_is_the_same_whether_it_comes_at_once_or_in_pieces() {
        let bytes: Vec<u8> = (0..Written::HEAD + 3 * Written::TAIL).map(|at| (at % 251) as u8).collect();
        let mut pieces = Written::default();
        bytes.chunks(7_919).for_each(|piece| pieces.push(piece));
        assert_eq!(pieces, Written::from(bytes.as_slice()));
        assert_eq!(
            Written::from(&bytes[..Written::HEAD + 5]).whole().as_deref(),
            Some(&bytes[..Written::HEAD + 5])
        );
    }
}
