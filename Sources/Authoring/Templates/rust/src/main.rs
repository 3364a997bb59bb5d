//! A Penstock plugin: it reads one job from standard input, and writes messages to standard output.
//! Your work goes into `work`. What follows `run` is the protocol, and can stay as it is.

use serde_json::{json, Value};
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::io::AsFd;
use std::path::PathBuf;
use std::process::{exit, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// If set, return soon, and leave nothing running.
static CANCELLED: AtomicBool = AtomicBool::new(false);

/// Returns the members of the job's success.
fn work(job: &Job) -> Result<Value, Failure> {
    let name = job.setting("Name").unwrap_or_default();
    if !(1..=1000).contains(&name.chars().count()) {
        return Err(Failure("ConfigurationError", format!("Name is “{name:.100}”: not 1 to 1000 characters")));
    }
    let text = job.setting("Seconds").unwrap_or("0");
    let seconds = match text.parse() {
        Ok(seconds @ 0..=3600) => seconds,
        _ => return Err(Failure("ConfigurationError", format!("Seconds is “{text:.100}”: no whole number 0 to 3600"))),
    };
    job.progress(format!("Greeting {name:.100}"), 0);
    let mut files = 0;
    let mut folders: Vec<PathBuf> = job.artifacts("inputArtifacts").collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.file_type()?.is_file() {
                files += 1; // which a link is not
            }
        }
    }
    run(job, seconds, Command::new("sleep").arg(seconds.to_string()))?;
    let greeting = format!("Hello, {name}!");
    for folder in job.artifacts("outputArtifacts") {
        let file = folder.join("greeting.txt");
        fs::write(&file, format!("{greeting}\n")).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(json!({
        "currentRevision": {"revision": greeting}, // only: Source
        "outputVariables": {"Greeting": greeting, "Files": files.to_string()},
    }))
}

/// Runs a program, and tells once a second how far it is. What the program prints goes to the log.
fn run(job: &Job, seconds: u64, command: &mut Command) -> Result<(), Failure> {
    let mut child = command.stdin(Stdio::null()).spawn().map_err(|error| format!("{command:?}: {error}"))?;
    let start = Instant::now();
    let mut told = 0;
    loop {
        let second = start.elapsed().as_secs();
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("{command:?} failed: {status}").into()),
            None if CANCELLED.load(Relaxed) => child.kill()?,
            None if second > told && second < seconds => {
                job.progress(format!("Second {second} of {seconds}"), 100 * second / seconds);
                told = second;
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

/// One of the protocol's six types, and a message. Every error that `?` finds becomes a JobFailed.
struct Failure(&'static str, String);

impl<T: Display> From<T> for Failure {
    fn from(error: T) -> Failure {
        Failure("JobFailed", error.to_string())
    }
}

struct Job {
    message: Value,
    wire: File, // for messages
}

impl Job {
    fn setting(&self, name: &str) -> Option<&str> {
        self.message["data"]["actionConfiguration"]["configuration"][name].as_str()
    }

    fn artifacts(&self, list: &str) -> impl Iterator<Item = PathBuf> + '_ {
        let artifacts = self.message["data"][list].as_array().into_iter().flatten();
        artifacts.filter_map(|artifact| Some(artifact["location"]["pathLocation"]["path"].as_str()?.into()))
    }

    fn progress(&self, summary: String, percent: u64) {
        let details = json!({"summary": summary, "percentComplete": percent});
        if self.send("progress", json!({"executionDetails": details})).is_err() {
            CANCELLED.store(true, Relaxed); // nobody reads the messages
        }
    }

    fn send(&self, kind: &str, mut message: Value) -> io::Result<()> {
        message["protocol"] = json!("penstock/1");
        message["type"] = json!(kind);
        message["jobId"] = self.message["jobId"].clone();
        (&self.wire).write_all(format!("{message}\n").as_bytes())
    }
}

extern "C" fn cancel(_: i32) {
    CANCELLED.store(true, Relaxed);
}

fn main() {
    if unsafe { libc::isatty(0) } == 1 && std::env::var_os("PENSTOCK_PROTOCOL").is_none() {
        eprintln!("A pipeline host starts this plugin. To try it: penstock conformance run FOLDER");
        exit(64);
    }
    let wire = File::from(io::stdout().as_fd().try_clone_to_owned().expect("standard output is closed"));
    unsafe { libc::dup2(2, 1) }; // so that whatever prints, prints into the log
    let message: Value = match serde_json::Deserializer::from_reader(io::stdin()).into_iter().next() {
        None => return,
        Some(message) => message.unwrap_or_else(|error| {
            eprintln!("{error}");
            Value::Null
        }),
    };
    if message["protocol"] != "penstock/1" || message["type"] != "job" || !message["jobId"].is_string() {
        eprintln!("Standard input holds something else than a job");
        exit(65);
    }
    unsafe { libc::signal(libc::SIGTERM, cancel as extern "C" fn(i32) as libc::sighandler_t) };
    let job = Job { message, wire };
    let result = std::panic::catch_unwind(|| work(&job)); // a panic tells the log where it was
    let sent = match result.unwrap_or_else(|_| Err("The plugin has a fault; the log says where".into())) {
        Ok(members) => job.send("jobSuccessResult", members),
        Err(_) if CANCELLED.load(Relaxed) => job.send("jobAbandonedResult", json!({})),
        Err(Failure(kind, message)) => {
            let details = json!({"type": kind, "message": format!("{message:.5000}")});
            job.send("jobFailureResult", json!({"failureDetails": details}))
        }
    };
    if let Err(error) = sent {
        eprintln!("A message could not be sent: {error}");
        exit(74);
    }
}
