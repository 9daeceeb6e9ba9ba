//! What this process has used, and the line that says so.

use std::time::Instant;

pub struct Meter {
    cpu: f64,
    wall: Instant,
}

impl Meter {
    pub fn start() -> Self {
        Meter { cpu: used(), wall: Instant::now() }
    }

    pub fn cpu(&self) -> f64 {
        used() - self.cpu
    }

    pub fn wall(&self) -> f64 {
        self.wall.elapsed().as_secs_f64()
    }
}

fn used() -> f64 {
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// Resident memory after free blocks are given back, in 10^6 bytes.
pub fn settled_mb() -> f64 {
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
    status("VmRSS:")
}

pub fn peak_mb() -> f64 {
    status("VmHWM:")
}

fn status(name: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or("");
    let kib = line.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok());
    kib.unwrap_or(0.0) * 1024.0 / 1e6
}

pub struct Figures(serde_json::Map<String, serde_json::Value>);

impl Figures {
    pub fn synced(objects: usize, cpu: f64, wall: f64, before: f64, after: f64) -> Self {
        let mut figures = Figures(serde_json::Map::new());
        let count = objects as f64;
        figures.add("objects", count);
        figures.add("wall_s", wall);
        figures.add("cpu_s", cpu);
        figures.add("objects_per_cpu_s", count / cpu);
        figures.add("rss_before_mb", before);
        figures.add("rss_after_mb", after);
        figures.add("peak_mb", peak_mb());
        figures.add("bytes_per_object", (after - before) * 1e6 / count);
        figures
    }

    pub fn add(&mut self, name: &str, value: f64) {
        let rounded = (value * 1000.0).round() / 1000.0;
        self.0.insert(name.to_owned(), rounded.into());
    }

    pub fn print(self) {
        println!("{}", serde_json::Value::Object(self.0));
    }
}
