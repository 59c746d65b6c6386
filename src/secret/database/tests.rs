//! Databases and what is around them: which may hold data of people, which are of a tool.

use super::*;

/// A database of two pages with one table, whose own page is `page` at its beginning.
fn database(sql: &str, page: &[u8]) -> Vec<u8> {
    let mut content = vec![0; 1024];
    content[..16].copy_from_slice(MAGIC);
    content[16..18].copy_from_slice(&512_u16.to_be_bytes());
    content[59] = 1;
    let serial = u16::try_from(13 + 2 * sql.len()).expect("short");
    // The header: its own length, `table`, two names, a number, the statement in two bytes of seven bits.
    let mut record = vec![7, 23, 15, 15, 1, 0x80 | (serial >> 7) as u8, serial as u8 & 0x7f];
    record.extend([b"table".as_slice(), b"x", b"x", &[2], sql.as_bytes()].concat());
    let cell = [&[0x80 | (record.len() >> 7) as u8, record.len() as u8 & 0x7f, 1], record.as_slice()].concat();
    let start = 512 - cell.len();
    content[start..512].copy_from_slice(&cell);
    content[100] = 0x0d;
    content[104] = 1;
    content[108..110].copy_from_slice(&u16::try_from(start).expect("short").to_be_bytes());
    content[512..512 + page.len()].copy_from_slice(page);
    content
}

const EMPTY: &[u8] = &[0x0d, 0, 0, 0, 0, 2, 0, 0];
const ONE_ROW: &[u8] = &[0x0d, 0, 0, 0, 1, 1, 0xf0, 0, 1, 0xf0];

#[test]
fn a_schema_and_rows_tell_what_a_database_is() {
    let case = |sql: &str, page: &[u8], expected: Kind| {
        assert_eq!(in_database(&database(sql, page)), Some(expected), "{sql}");
    };
    case("CREATE TABLE searchIndex(id, name, type, path)", ONE_ROW, Kind::PlainDatabase);
    case("CREATE TABLE auth_user(id, password)", ONE_ROW, Kind::Database);
    case("CREATE TABLE auth_user(id, password)", EMPTY, Kind::PlainDatabase);
    // A row that was deleted leaves its bytes.
    case("CREATE TABLE auth_user(id, password)", &[EMPTY, b"\0\0anna"].concat(), Kind::Database);
    case("CREATE TABLE auth_user(id, password)", &[EMPTY, b"\x01\xd0"].concat(), Kind::PlainDatabase);
    case("CREATE TABLE t(lastName)", ONE_ROW, Kind::Database);
    case("CREATE TABLE t(a, first_name)", ONE_ROW, Kind::Database);
    case("CREATE TABLE t(a REFERENCES addresses)", ONE_ROW, Kind::Database);
    case("CREATE TABLE t(name, personal, mailbox)", ONE_ROW, Kind::PlainDatabase);
    case("CREATE TABLE t(\n  -- A row per user.\n  id\n)", ONE_ROW, Kind::PlainDatabase);
    case("CREATE TABLE t(\n  -- A row per user.\n  email\n)", ONE_ROW, Kind::Database);
    case("CREATE TABLE t(a /* ---- one per user */, email)", ONE_ROW, Kind::Database);
    case("CREATE TABLE t(a /* one per user */, b)", ONE_ROW, Kind::PlainDatabase);
    case("CREATE TABLE t(a DEFAULT '--', email)", ONE_ROW, Kind::Database);
    case("CREATE TABLE \"sql_statements_log\" (id, user_agent TEXT)", ONE_ROW, Kind::PlainDatabase);
    case("CREATE TABLE visits(id, user_agent TEXT)", ONE_ROW, Kind::Database);
    let mut freed = database("CREATE TABLE auth_user(id)", EMPTY);
    freed[39] = 1;
    assert_eq!(in_database(&freed), Some(Kind::Database));
}

#[test]
fn what_tools_leave_is_no_database() {
    for sql in
        ["CREATE TABLE coverage_schema (\n  version integer\n)", "CREATE TABLE IF NOT EXISTS files2 (path, data)"]
    {
        assert_eq!(in_database(&database(sql, ONE_ROW)), None, "{sql}");
    }
    let schedule = [ONE_ROW, b"utc_enabled entries __version__ tz"].concat();
    let shelf = "CREATE TABLE Dict (key BLOB, value BLOB)";
    assert_eq!(in_database(&database(shelf, &schedule)), None);
    // A shelf of somebody else's may have anything in it.
    assert_eq!(in_database(&database(shelf, ONE_ROW)), Some(Kind::PlainDatabase));
}

#[test]
fn what_cannot_be_read_may_hold_anything() {
    let whole = database("CREATE TABLE searchIndex(id)", ONE_ROW);
    // The row of an index is never looked for.
    assert_eq!(in_database(&whole[..512]), Some(Kind::PlainDatabase));
    for cut in [16, 100, 511] {
        assert_eq!(in_database(&whole[..cut]), Some(Kind::Database), "{cut}");
    }
    assert_eq!(in_database(&database("CREATE TABLE users(id)", EMPTY)[..512]), Some(Kind::Database));
    assert_eq!(in_database(b"\x37\x7f\x06\x82 log"), Some(Kind::Database));
    assert_eq!(in_database(b"SQLite format 2"), None);
}

#[test]
fn no_content_leads_astray() {
    let whole = database("CREATE TABLE searchIndex(id, name)", ONE_ROW);
    for at in 16..whole.len() {
        for value in [0, 1, 5, 0x0d, 0x7f, 0x80, 0xff] {
            let mut other = whole.clone();
            other[at] = value;
            assert!(in_database(&other).is_some());
            other[100] = 5;
            assert!(in_database(&other).is_some());
        }
    }
}
