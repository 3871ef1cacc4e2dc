//! How far a command has come, where somebody looks: a bar on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of bytes; of a length that is not known exactly.
pub fn bytes(verb: &'static str, length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let form = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style);
    }
    bar.set_message(verb);
    bar
}
