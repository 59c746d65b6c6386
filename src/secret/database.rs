//! SQLite databases: may one hold data of people, or is it plainly something else, such as an index for searching?
//!
//! The answer is in the schema, which the first pages have, and in whether the tables that tell of people have rows, or words of
//! deleted ones. Whatever cannot be read (damaged, encrypted, further back than is looked) may hold anything.

#[cfg(test)]
mod tests;

use super::kind::Kind;

/// Bytes of a database that are looked at, from its beginning.
pub(crate) const LOOKED_AT: usize = 4 << 20;

const MAGIC: &[u8] = b"SQLite format 3\0";
/// What was written to a database last: its write-ahead log, and the journal by which it would go back.
const LOGS: [&[u8]; 3] = [b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"];

/// Bytes before the first page's own header.
const FILE_HEADER: usize = 100;

/// Words in names of tables and columns that tell of people.
const PEOPLE: [&str; 44] = [
    "account",
    "addr",
    "address",
    "birth",
    "birthday",
    "client",
    "contact",
    "credential",
    "customer",
    "dob",
    "email",
    "employee",
    "firstname",
    "guest",
    "invoice",
    "lastname",
    "login",
    "mail",
    "member",
    "message",
    "mobile",
    "newsletter",
    "owner",
    "participant",
    "passwd",
    "password",
    "patient",
    "payment",
    "people",
    "person",
    "phone",
    "profile",
    "pupil",
    "salary",
    "secret",
    "session",
    "ssn",
    "student",
    "subscriber",
    "subscription",
    "tel",
    "username",
    "user",
    "visitor",
];

/// Words that tell of people when they follow one another.
const PAIRS: [(&str, &str); 7] = [
    ("access", "token"),
    ("api", "key"),
    ("auth", "token"),
    ("first", "name"),
    ("full", "name"),
    ("last", "name"),
    ("refresh", "token"),
];

/// Does a content begin as a database does?
pub(crate) fn is_database(content: &[u8]) -> bool {
    content.starts_with(MAGIC)
}

/// What the database with this content, or this beginning of one, is to whoever ships it; or the log of one.
pub(crate) fn in_database(content: &[u8]) -> Option<Kind> {
    if LOGS.iter().any(|log| content.starts_with(log)) {
        return Some(Kind::Database);
    }
    if !is_database(content) {
        return None;
    }
    let content = &content[..content.len().min(LOOKED_AT)];
    let read = || {
        let database = Database::of(content)?;
        Some((database.schema()?, database))
    };
    // One that cannot be read may hold anything.
    let Some((tables, database)) = read() else { return Some(Kind::Database) };
    if is_of_a_tool(&tables, content) {
        return None;
    }
    Some(if may_hold_people(&tables, &database) { Kind::Database } else { Kind::PlainDatabase })
}

/// What a tool leaves on the machine of whoever runs it, and nobody would call a database: measurements of coverage, the cache of mypy,
/// the schedule of celery's beat.
fn is_of_a_tool(tables: &[Table], content: &[u8]) -> bool {
    let has = |name: &str| tables.iter().any(|table| table.is_called(name));
    let names = |word: &[u8]| content.windows(word.len()).any(|window| window == word);
    has("coverage_schema")
        || (has("files2") && tables.len() == 1)
        || (has("Dict") && tables.len() == 1 && names(b"utc_enabled") && names(b"__version__"))
}

fn may_hold_people(tables: &[Table], database: &Database<'_>) -> bool {
    // SpatiaLite keeps a log of its own statements, with a column `user_agent`.
    let own = |table: &&Table| !table.is_called("sql_statements_log");
    let about_people: Vec<_> = tables.iter().filter(own).filter(|table| tells_of_people(&table.sql)).collect();
    // Pages that are free keep what was deleted.
    !about_people.is_empty() && database.has_free_pages()
        || about_people.iter().any(|table| database.holds_rows(table.root))
}

/// What a statement says to its readers is no name. A comment that ends nowhere is kept: what follows it may be one.
fn without_comments(sql: &str) -> String {
    let mut names = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let end_of = |start: usize, end: &str| rest[start..].find(end).map(|at| start + at + end.len());
        let (length, keep) = match first {
            '"' | '`' | '\'' => (end_of(1, &first.to_string()).unwrap_or(1), true),
            '-' if rest.starts_with("--") => (end_of(2, "\n").unwrap_or(rest.len()), false),
            '/' if rest.starts_with("/*") => end_of(2, "*/").map_or((1, true), |length| (length, false)),
            other => (other.len_utf8(), true),
        };
        names.push_str(if keep { &rest[..length] } else { " " });
        rest = &rest[length..];
    }
    names
}

/// Does a name in the statement that made a table tell of people?
fn tells_of_people(sql: &str) -> bool {
    let names = without_comments(sql);
    let words = words(&names);
    let single = |word: &str| {
        let stem = word.strip_suffix("es").filter(|stem| stem.ends_with("ss")).or_else(|| word.strip_suffix('s'));
        PEOPLE.contains(&word) || stem.is_some_and(|stem| PEOPLE.contains(&stem))
    };
    words.iter().any(|word| single(word))
        || words.windows(2).any(|pair| PAIRS.contains(&(pair[0].as_str(), pair[1].as_str())))
}

/// Words of names, which are parted by signs, digits, or a large letter after a small one.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in text.chars() {
        if !letter.is_alphabetic() || letter.is_uppercase() && before.is_lowercase() {
            words.push(String::new());
        }
        if letter.is_alphabetic() {
            words.last_mut().expect("there is always one").extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}

struct Table {
    /// Number of its first page; 0 if it is kept elsewhere.
    root: usize,
    sql: String,
}

impl Table {
    /// Is this its name, in any quotes?
    fn is_called(&self, name: &str) -> bool {
        let own = self.sql.split(|char: char| !(char.is_alphanumeric() || char == '_')).filter(|word| !word.is_empty());
        own.skip(2).find(|word| !matches!(word.to_ascii_lowercase().as_str(), "if" | "not" | "exists")) == Some(name)
    }
}

struct Database<'a> {
    content: &'a [u8],
    page_size: usize,
    /// Bytes of a page that hold content.
    usable: usize,
}

impl<'a> Database<'a> {
    fn of(content: &'a [u8]) -> Option<Self> {
        let page_size = match number(content, 16, 2)? {
            1 => 65_536,
            size @ 512..=32_768 if size.is_power_of_two() => size,
            _ => return None,
        };
        let usable = page_size - usize::from(*content.get(20)?);
        (usable >= 480).then_some(Self { content, page_size, usable })
    }

    fn has_free_pages(&self) -> bool {
        number(self.content, 36, 4) != Some(0)
    }

    /// A page, by its number from 1.
    fn page(&self, number: usize) -> Option<&'a [u8]> {
        let start = number.checked_sub(1)?.checked_mul(self.page_size)?;
        self.content.get(start..start.checked_add(self.usable)?)
    }

    /// Are there rows in the table whose first page this is, or words of rows that were deleted?
    fn holds_rows(&self, root: usize) -> bool {
        let Some(page) = self.page(root) else { return true };
        let is_empty_leaf = matches!(page[0], 0x0a | 0x0d) && number(page, 3, 2) == Some(0);
        // Where rows were, whoever wipes them leaves their places: two bytes each.
        let is_word = |bytes: &[u8]| bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ' || *byte >= 0x80);
        let is_wide = number(self.content, 56, 4) != Some(1);
        !is_empty_leaf || page[8..].windows(4).any(is_word) || is_wide && page[8..].iter().any(|byte| *byte != 0)
    }

    /// All tables that the schema has.
    fn schema(&self) -> Option<Vec<Table>> {
        let text = match number(self.content, 56, 4)? {
            1 => |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned(),
            2 => |bytes: &[u8]| wide(bytes, u16::from_le_bytes),
            3 => |bytes: &[u8]| wide(bytes, u16::from_be_bytes),
            // Of one without any table.
            0 => |_: &[u8]| String::new(),
            _ => return None,
        };
        let mut tables = Vec::new();
        let mut pages = vec![1];
        // No page comes twice in a tree, and no byte in two records.
        let mut left = self.content.len() / self.page_size;
        let mut bytes_left = self.content.len();
        while let Some(at) = pages.pop() {
            left = left.checked_sub(1)?;
            let page = self.page(at)?;
            let start = if at == 1 { FILE_HEADER } else { 0 };
            let cells = number(page, start + 3, 2)?;
            let (is_leaf, first) = match page.get(start)? {
                0x0d => (true, start + 8),
                0x05 => (false, start + 12),
                _ => return None,
            };
            if !is_leaf {
                pages.push(number(page, start + 8, 4)?);
            }
            for cell in 0..cells {
                let cell = number(page, first + 2 * cell, 2)?;
                if !is_leaf {
                    pages.push(number(page, cell, 4)?);
                    continue;
                }
                let record = self.payload(page, cell, bytes_left)?;
                bytes_left = bytes_left.checked_sub(record.len() + 1)?;
                let [kind, _, _, root, sql] = columns(&record)?;
                if text(kind) == "table" {
                    tables.push(Table {
                        root: root.iter().fold(0, |root, byte| root << 8 | usize::from(*byte)),
                        sql: text(sql),
                    });
                }
            }
        }
        Some(tables)
    }

    /// The content of a cell of a leaf, which may go on in other pages.
    fn payload(&self, page: &[u8], cell: usize, most: usize) -> Option<Vec<u8>> {
        let (length, at) = varint(page, cell)?;
        let (_, at) = varint(page, at)?;
        let whole = self.usable - 35;
        let least = (self.usable - 12) * 32 / 255 - 23;
        let here = match length {
            length if length > most => return None,
            length if length <= whole => length,
            length => Some(least + (length - least) % (self.usable - 4)).filter(|here| *here <= whole).unwrap_or(least),
        };
        let mut payload = page.get(at..at + here)?.to_vec();
        let mut next = if here < length { number(page, at + here, 4)? } else { 0 };
        while payload.len() < length {
            let more = self.page(next)?;
            let part = (length - payload.len()).min(self.usable - 4);
            payload.extend_from_slice(&more[4..4 + part]);
            next = number(more, 0, 4)?;
        }
        Some(payload)
    }
}

/// The five columns of the schema's rows, each in its bytes.
fn columns(record: &[u8]) -> Option<[&[u8]; 5]> {
    let (mut value, mut at) = varint(record, 0)?;
    let mut columns: [&[u8]; 5] = [&[]; 5];
    for column in &mut columns {
        let (kind, next) = varint(record, at)?;
        at = next;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            kind => kind.checked_sub(12)? / 2,
        };
        *column = record.get(value..value.checked_add(length)?)?;
        value += length;
    }
    Some(columns)
}

/// A number of that many bytes, the highest first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// A number in up to nine bytes of seven bits, and where it ends.
fn varint(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut number: u64 = 0;
    for (index, byte) in bytes.get(at..)?.iter().take(9).enumerate() {
        if index == 8 {
            return Some((usize::try_from(number << 8 | u64::from(*byte)).ok()?, at + 9));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(number).ok()?, at + index + 1));
        }
    }
    None
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}
