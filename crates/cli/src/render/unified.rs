//! A small unified diff of lines.

/// One line of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// In both.
    Same(String),
    /// Only before.
    Gone(String),
    /// Only after.
    New(String),
    /// Lines in both that are not shown.
    Gap(usize),
}

/// Above this many cells the common part in the middle is not searched for: the diff stays linear.
const CELLS: usize = 1_000_000;

/// Differences with `context` equal lines around them.
pub(crate) fn unified(before: &[String], after: &[String], context: usize) -> Vec<Line> {
    let head = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let rest = (before.len() - head).min(after.len() - head);
    let tail = before.iter().rev().zip(after.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let mut lines: Vec<Line> = before[..head].iter().cloned().map(Line::Same).collect();
    middle(&before[head..before.len() - tail], &after[head..after.len() - tail], &mut lines);
    lines.extend(before[before.len() - tail..].iter().cloned().map(Line::Same));
    fold(lines, context)
}

/// Longest common subsequence by the textbook table.
fn middle(before: &[String], after: &[String], lines: &mut Vec<Line>) {
    let (n, m) = (before.len(), after.len());
    if n.saturating_mul(m) > CELLS {
        lines.extend(before.iter().cloned().map(Line::Gone));
        lines.extend(after.iter().cloned().map(Line::New));
        return;
    }
    let mut table = vec![0u32; (n + 1) * (m + 1)];
    let at = |i: usize, j: usize| i * (m + 1) + j;
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            table[at(i, j)] = if before[i] == after[j] {
                table[at(i + 1, j + 1)] + 1
            } else {
                table[at(i + 1, j)].max(table[at(i, j + 1)])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < n || j < m {
        if i < n && j < m && before[i] == after[j] {
            lines.push(Line::Same(before[i].clone()));
            i += 1;
            j += 1;
        } else if i < n && (j == m || table[at(i + 1, j)] >= table[at(i, j + 1)]) {
            lines.push(Line::Gone(before[i].clone()));
            i += 1;
        } else {
            lines.push(Line::New(after[j].clone()));
            j += 1;
        }
    }
}

fn fold(lines: Vec<Line>, context: usize) -> Vec<Line> {
    let changed: Vec<usize> =
        lines.iter().enumerate().filter(|(_, l)| !matches!(l, Line::Same(_))).map(|(i, _)| i).collect();
    let near = |i: usize| {
        let at = changed.partition_point(|c| *c < i);
        let after = changed.get(at).is_some_and(|c| c - i <= context);
        let before = at > 0 && i - changed[at - 1] <= context;
        after || before
    };
    let mut folded = Vec::new();
    let mut gap = Vec::new();
    for (i, line) in lines.into_iter().enumerate() {
        if near(i) {
            close(&mut gap, &mut folded);
            folded.push(line);
        } else {
            gap.push(line);
        }
    }
    close(&mut gap, &mut folded);
    folded
}

/// A gap of one line is shown: the mark would take as much room.
fn close(gap: &mut Vec<Line>, folded: &mut Vec<Line>) {
    if gap.len() == 1 {
        folded.append(gap);
    } else if !gap.is_empty() {
        folded.push(Line::Gap(gap.len()));
        gap.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn shown(before: &str, after: &str) -> String {
        unified(&lines(before), &lines(after), 1)
            .iter()
            .map(|line| match line {
                Line::Same(text) => format!(" {text}\n"),
                Line::Gone(text) => format!("-{text}\n"),
                Line::New(text) => format!("+{text}\n"),
                Line::Gap(n) => format!("@{n}\n"),
            })
            .collect()
    }

    #[test]
    fn an_insert_is_one_line_with_context() {
        assert_eq!(shown("a\nb\nc\nd\ne", "a\nb\nc\nx\nd\ne"), "@2\n c\n+x\n d\n e\n");
    }

    #[test]
    fn equal_texts_are_one_gap() {
        assert_eq!(shown("a\nb", "a\nb"), "@2\n");
    }

    #[test]
    fn a_change_in_the_middle_keeps_common_lines() {
        assert_eq!(shown("a\nb\nc", "x\nb\ny"), "-a\n+x\n b\n-c\n+y\n");
    }
}
