//! Aligned columns. A column without a value is left out, the last one is cut where a terminal ends.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::screen::{Paint, Screen};
use crate::text;

const GAP: usize = 2;
const LEAST_LAST: usize = 12;

/// Rows under one header.
#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// One value, safe to show.
#[derive(Debug)]
pub(crate) struct Cell {
    text: String,
    paint: Paint,
}

/// A value in a colour.
pub(crate) fn painted(paint: Paint, value: &str) -> Cell {
    Cell { text: text::line(value).trim().to_owned(), paint }
}

/// A value.
pub(crate) fn cell(value: &str) -> Cell {
    painted(Paint::Plain, value)
}

impl Table {
    /// A table of these columns.
    pub(crate) fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with a value for every column.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.header.len());
        self.rows.push(cells);
    }

    /// The lines; none without a row.
    pub(crate) fn render(&self, screen: &Screen) -> String {
        let mut text = String::new();
        let widths = self.widths();
        let columns: Vec<usize> = (0..widths.len()).filter(|column| widths[*column] > 0).collect();
        let Some((last, before)) = columns.split_last() else { return text };
        let indent: usize = before.iter().map(|column| widths[*column] + GAP).sum();
        let room = screen.width.map(|width| width.saturating_sub(indent).max(LEAST_LAST));
        let header: Vec<Cell> =
            self.header.iter().map(|title| Cell { text: (*title).to_owned(), paint: Paint::Faint }).collect();
        for row in std::iter::once(&header).chain(&self.rows) {
            let mut pending = 0;
            for column in before {
                push(&mut text, &mut pending, &row[*column].text, row[*column].paint, screen);
                pending += widths[*column] + GAP - row[*column].text.width();
            }
            let shown = room.map_or_else(|| row[*last].text.clone(), |room| cut(&row[*last].text, room));
            push(&mut text, &mut pending, &shown, row[*last].paint, screen);
            text.push('\n');
        }
        text
    }

    /// The width of every column; none for one that is empty in every row.
    fn widths(&self) -> Vec<usize> {
        let widest = |column: usize| self.rows.iter().map(|row| row[column].text.width()).max().unwrap_or(0);
        let with_header = |(column, title): (usize, &&str)| match widest(column) {
            0 => 0,
            width => width.max(title.width()),
        };
        self.header.iter().enumerate().map(with_header).collect()
    }
}

/// Writes a value behind the spaces that are due; an empty one leaves them due, so that no line ends in spaces.
fn push(line: &mut String, pending: &mut usize, value: &str, paint: Paint, screen: &Screen) {
    if !value.is_empty() {
        line.extend(std::iter::repeat_n(' ', *pending));
        *pending = 0;
        line.push_str(&screen.paint(paint, value));
    }
}

/// The text, at most `room` columns wide.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut width = 0;
    let mut kept: String = text
        .chars()
        .take_while(|c| {
            width += c.width().unwrap_or(0);
            width < room
        })
        .collect();
    if kept.contains('\u{2068}') {
        kept.push('\u{2069}');
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(width: Option<usize>, color: bool) -> Screen {
        Screen { width, color, now: xmppd_proto::Timestamp::UNIX_EPOCH }
    }

    fn table(rows: &[[&str; 3]]) -> Table {
        let mut table = Table::new(&["A", "NAME", "TEXT"]);
        for row in rows {
            table.row(row.iter().map(|value| cell(value)).collect());
        }
        table
    }

    fn check(rows: &[[&str; 3]], width: Option<usize>, expected: &str) {
        assert_eq!(table(rows).render(&screen(width, false)), expected);
    }

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        check(&[["x", "夜", "long text"], ["yy", "Zoë", ""]], None, "A   NAME  TEXT\nx   夜    long text\nyy  Zoë\n");
    }

    #[test]
    fn a_column_without_values_is_left_out() {
        check(&[["x", "", "t"], ["y", "", "u"]], None, "A  TEXT\nx  t\ny  u\n");
        check(&[], None, "");
    }

    #[test]
    fn the_last_column_ends_with_the_terminal() {
        let long = "0123456789abcdef";
        check(&[["x", "n", long]], Some(22), "A  NAME  TEXT\nx  n     0123456789ab…\n");
        check(&[["x", "n", long]], Some(5), "A  NAME  TEXT\nx  n     0123456789a…\n");
        check(&[["x", "n", long]], None, "A  NAME  TEXT\nx  n     0123456789abcdef\n");
        assert_eq!(cut("夜夜夜", 5), "夜夜…");
    }

    #[test]
    fn foreign_text_is_one_harmless_line() {
        check(&[["x", "a\nb", "\u{1b}[31m"]], None, "A  NAME  TEXT\nx  a b   \\x1b[31m\n");
    }

    #[test]
    fn colours_take_no_room() {
        let mut table = Table::new(&["A", "B"]);
        table.row(vec![painted(Paint::Good, "on"), cell("b")]);
        let expected = "\u{1b}[2mA\u{1b}[0m   \u{1b}[2mB\u{1b}[0m\n\u{1b}[32mon\u{1b}[0m  b\n";
        assert_eq!(table.render(&screen(None, true)), expected);
    }
}
