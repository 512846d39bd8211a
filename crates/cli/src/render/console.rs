//! The two output streams. Results go to stdout, everything else to stderr.

use super::paint::Paint;
use crate::settings::Settings;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Both streams, shared by whoever shows something. Cloning shares.
#[derive(Clone)]
pub struct Console {
    streams: Arc<Mutex<Streams>>,
    /// How to show things on stdout.
    pub out_style: Style,
    /// How to show things on stderr.
    pub err_style: Style,
}

/// What a stream can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Colours.
    pub paint: Paint,
    /// UTF-8 symbols.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
}

impl Style {
    /// No colour.
    pub fn plain(width: usize, unicode: bool) -> Self {
        Self { paint: Paint::new(false), unicode, width }
    }
}

struct Streams {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// The reader of stdout went away; nothing more is written.
    out_closed: bool,
    /// First other failure of stdout, such as a full disk.
    out_failed: Option<io::Error>,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console")
            .field("out_style", &self.out_style)
            .field("err_style", &self.err_style)
            .finish()
    }
}

/// What is left to say at the end.
#[derive(Debug, thiserror::Error)]
#[error("failed to write to stdout")]
pub struct Unwritten(#[source] pub io::Error);

impl Console {
    /// The streams of the process, each buffered apart.
    pub fn of_process(settings: &Settings) -> Self {
        Self::new(
            settings,
            Box::new(io::BufWriter::new(io::stdout())),
            Box::new(io::BufWriter::new(io::stderr())),
        )
    }

    /// Any streams.
    pub fn new(settings: &Settings, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        let style =
            |color| Style { paint: Paint::new(color), unicode: settings.unicode, width: settings.width };
        Self {
            streams: Arc::new(Mutex::new(Streams { out, err, out_closed: false, out_failed: None })),
            out_style: style(settings.stdout_color),
            err_style: style(settings.stderr_color),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        // A panic while writing leaves nothing half-done that matters here.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a result. A closed pipe is a quiet end (plan-ux 6).
    pub fn out(&self, text: &str) {
        let mut streams = self.lock();
        if streams.out_closed {
            return;
        }
        let written = streams.out.write_all(text.as_bytes());
        streams.note(written);
    }

    /// Writes anything else; what was written to stdout before appears before it.
    pub fn err(&self, text: &str) {
        let mut streams = self.lock();
        streams.flush_out();
        // If stderr cannot be written, there is nowhere left to say so.
        let _ = streams.err.write_all(text.as_bytes());
        let _ = streams.err.flush();
    }

    /// Writes what is buffered; false if a result could not be written for another reason than a closed pipe.
    pub fn is_written(&self) -> bool {
        let mut streams = self.lock();
        streams.flush_out();
        streams.out_failed.is_none()
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// A result could not be written for another reason than a closed pipe.
    pub fn finish(&self) -> Result<(), Unwritten> {
        let mut streams = self.lock();
        streams.flush_out();
        let _ = streams.err.flush();
        streams.out_failed.take().map_or(Ok(()), |error| Err(Unwritten(error)))
    }
}

impl Streams {
    fn flush_out(&mut self) {
        if !self.out_closed {
            let flushed = self.out.flush();
            self.note(flushed);
        }
    }

    fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.out_closed = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                self.out_failed = Some(error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Global;
    use crate::env::Env;

    struct Failing(io::ErrorKind);
    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn console(kind: io::ErrorKind) -> Console {
        let settings = Settings::new(&Global::default(), &Env::default());
        Console::new(&settings, Box::new(Failing(kind)), Box::new(io::sink()))
    }

    #[test]
    fn a_closed_pipe_ends_quietly() {
        let console = console(io::ErrorKind::BrokenPipe);
        console.out("a");
        console.out("b");
        assert!(console.finish().is_ok());
    }

    #[test]
    fn a_full_disk_is_told() {
        let console = console(io::ErrorKind::StorageFull);
        console.out("a");
        assert!(!console.is_written());
        assert!(console.finish().is_err());
    }
}
