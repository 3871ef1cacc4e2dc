//! Texts of migrations.

const WORD: &str = "concurrently";

/// The text with each place blanked, one at a time, where the word CONCURRENTLY stands: one of them
/// is the keyword, the others are names and comments. Whoever parses the results can tell.
pub fn without_concurrently(text: &str) -> impl Iterator<Item = String> {
    let lower = text.to_ascii_lowercase();
    let places: Vec<usize> = lower.match_indices(WORD).map(|(at, _)| at).collect();
    places.into_iter().map(move |at| {
        let (before, rest) = text.split_at(at);
        format!("{before}{}{}", " ".repeat(WORD.len()), &rest[WORD.len()..])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_of_the_word_is_blanked_in_turn() {
        let text = "CREATE /* concurrently */ INDEX Concurrently i ON t (a)";
        let found: Vec<String> = without_concurrently(text).collect();
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("INDEX Concurrently i"));
        assert_eq!(found[1], "CREATE /* concurrently */ INDEX              i ON t (a)");
        assert_eq!(without_concurrently("SELECT 1").count(), 0);
    }
}
