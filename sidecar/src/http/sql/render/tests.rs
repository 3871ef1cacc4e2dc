//! Results built from the bytes a server would send.

use super::*;
use crate::wire::{Collector, Incoming, backend};
use bytes::BytesMut;

const LIMIT: usize = 10_000;

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

fn results(columns: &[(&str, u32)], row: &[Option<&[u8]>], tag: &str) -> Vec<StatementResult> {
    let count = u16::try_from(columns.len()).unwrap().to_be_bytes();
    let mut description = count.to_vec();
    for (name, oid) in columns {
        description.extend([name.as_bytes(), b"\0\0\0\0\x09\0\x02"].concat());
        description.extend(oid.to_be_bytes());
        description.extend(b"\xff\xff\xff\xff\xff\xff\0\0");
    }
    let mut values = count.to_vec();
    for value in row {
        let length = value.map_or(-1, |v| i32::try_from(v.len()).unwrap());
        values.extend(length.to_be_bytes());
        values.extend(value.unwrap_or_default());
    }
    let stream = [
        message(b'T', &description),
        message(b'D', &values),
        message(b'C', format!("{tag}\0").as_bytes()),
        message(b'Z', b"I"),
    ]
    .concat();
    let (mut buffer, mut collector) = (BytesMut::from(&stream[..]), Collector::new(10_000));
    while let Some(Incoming::Message(message)) = backend::take(&mut buffer, 10_000).unwrap() {
        collector.take(message).unwrap();
    }
    collector.into_results().unwrap()
}

fn rendered(type_id: u32, text: &str, raw_text: bool) -> String {
    let shape = Shape { raw_text, array_mode: true };
    let results = results(&[("v", type_id)], &[Some(text.as_bytes())], "SELECT 1");
    let json: serde_json::Value =
        serde_json::from_slice(&answer(&results, &[shape], false, LIMIT).unwrap()).unwrap();
    json["rows"][0][0].to_string()
}

#[test]
fn an_answer_has_the_form_that_the_driver_reads() {
    let columns = [("a", 23), ("b", 25)];
    let one = || results(&columns, &[Some(b"1"), None], "SELECT 1");
    let json = |shape, batch| {
        let bytes = answer(&one(), &[shape], batch, LIMIT).unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
    };
    let objects = json(Shape { raw_text: false, array_mode: false }, false);
    assert_eq!(
        objects,
        json!({
            "command": "SELECT", "rowCount": 1, "rowAsArray": false,
            "rows": [{"a": 1, "b": null}],
            "fields": [
                {"name": "a", "tableID": 9, "columnID": 2, "dataTypeID": 23, "dataTypeSize": -1,
                 "dataTypeModifier": -1, "format": "text"},
                {"name": "b", "tableID": 9, "columnID": 2, "dataTypeID": 25, "dataTypeSize": -1,
                 "dataTypeModifier": -1, "format": "text"},
            ],
        })
    );
    let arrays = json(Shape { raw_text: true, array_mode: true }, true);
    assert_eq!(arrays["results"][0]["rows"], json!([["1", null]]));
    assert_eq!(arrays["results"][0]["rowAsArray"], json!(true));
}

#[test]
fn values_become_json_where_nothing_is_lost() {
    for (type_id, text, expected) in [
        (16, "t", "true"),
        (16, "f", "false"),
        (21, "-7", "-7"),
        (23, "2147483647", "2147483647"),
        (20, "9007199254740993", "\"9007199254740993\""),
        (1700, "1.10", "\"1.10\""),
        (701, "1.5", "1.5"),
        (701, "NaN", "\"NaN\""),
        (700, "-Infinity", "\"-Infinity\""),
        (114, "{\"a\": [1]}", "{\"a\":[1]}"),
        (3802, "null", "null"),
        (25, "t", "\"t\""),
        (1007, "{1,NULL,3}", "[1,null,3]"),
        (1009, "{a,\"b c\"}", "[\"a\",\"b c\"]"),
        (1016, "{1}", "[\"1\"]"),
        (1000, "{t,f}", "[true,false]"),
        (3807, "{\"{\\\"a\\\": 1}\"}", "[{\"a\":1}]"),
        (1020, "{(1,1),(0,0);(2,2),(0,0)}", "\"{(1,1),(0,0);(2,2),(0,0)}\""),
        (99999, "{1}", "\"{1}\""),
    ] {
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(rendered(type_id, text, false), expected.to_string(), "{type_id} {text}");
        assert_eq!(rendered(type_id, text, true), json!(text).to_string());
    }
}

#[test]
fn bytes_that_are_not_text_are_an_error_and_no_guess() {
    let results = results(&[("v", 25)], &[Some(b"\xff")], "SELECT 1");
    let refusal = answer(&results, &[Shape::default()], false, LIMIT).unwrap_err();
    assert_eq!(refusal.code(), "22021");
}

#[test]
fn the_count_stands_where_the_command_puts_it() {
    for (text, expected) in [
        ("SELECT 5", ("SELECT", Some(5))),
        ("INSERT 0 3", ("INSERT", Some(3))),
        ("UPDATE 0", ("UPDATE", Some(0))),
        ("CREATE TABLE", ("CREATE", None)),
        ("", ("", None)),
    ] {
        assert_eq!(tag(text), expected);
    }
}

#[test]
fn an_answer_that_grows_beyond_the_limit_is_refused() {
    let name = "n".repeat(100);
    let controls = [1; 500];
    for (columns, row) in [
        ([(name.as_str(), 25)], [Some(&b"x"[..])]),
        ([("v", 25)], [Some(&controls[..])]),
        ([("v", 1009)], [Some(&b"{a,b}"[..])]),
    ] {
        let results = results(&columns, &row, "SELECT 1");
        let whole = answer(&results, &[Shape::default()], false, LIMIT).unwrap().len();
        assert!(answer(&results, &[Shape::default()], false, whole).is_ok());
        for limit in [0, 1, whole / 2, whole - 1] {
            let refusal = answer(&results, &[Shape::default()], false, limit).unwrap_err();
            assert_eq!(refusal.code(), "54000", "{limit} of {whole}");
        }
    }
}
