// A Penstock plugin: it reads one job from standard input, and writes messages to standard output.
// Your work goes into work. What follows run is the protocol, and can stay as it is.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// work returns the members of the job's success, or an error, which fails the job.
// When ctx is done the job is cancelled: then return soon, and leave nothing running.
func work(ctx context.Context, job *Job) (members, error) {
	name := job.Data.ActionConfiguration.Configuration["Name"]
	if length := len([]rune(name)); length < 1 || length > 1000 {
		return nil, failure{"ConfigurationError", fmt.Sprintf("Name is %.100q: not 1 to 1000 characters", name)}
	}
	text, given := job.Data.ActionConfiguration.Configuration["Seconds"]
	seconds, err := strconv.Atoi(text)
	if given && (err != nil || seconds < 0 || seconds > 3600) {
		return nil, failure{"ConfigurationError", fmt.Sprintf("Seconds is %.100q: no whole number from 0 to 3600", text)}
	}
	job.progress(fmt.Sprintf("Greeting %.100s", name), 0)
	files := 0
	for _, input := range job.Data.InputArtifacts {
		if err := filepath.WalkDir(input.Location.PathLocation.Path, func(_ string, entry os.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				files++
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	if err := run(ctx, job, seconds, "sleep", strconv.Itoa(seconds)); err != nil {
		return nil, fmt.Errorf("sleep failed: %w", err)
	}
	greeting := "Hello, " + name + "!"
	for _, output := range job.Data.OutputArtifacts {
		if err := os.WriteFile(output.Location.PathLocation.Path+"/greeting.txt", []byte(greeting+"\n"), 0o666); err != nil {
			return nil, err
		}
	}
	return members{
		"currentRevision": members{"revision": greeting}, // only: Source
		"outputVariables": members{"Greeting": greeting, "Files": strconv.Itoa(files)},
	}, nil
}

// run runs a program, and tells once a second how far it is. What the program prints goes to the log.
func run(ctx context.Context, job *Job, seconds int, program string, arguments ...string) error {
	child := exec.CommandContext(ctx, program, arguments...) // is killed when ctx is done
	child.Stdout, child.Stderr = os.Stderr, os.Stderr        // and Stdin is /dev/null
	done := make(chan error, 1)
	go func() { done <- child.Run() }()
	for second := 1; second < seconds; second++ {
		select {
		case <-time.After(time.Second):
			job.progress(fmt.Sprintf("Second %d of %d", second, seconds), 100*second/seconds)
		case err := <-done:
			return err
		}
	}
	return <-done
}

// failure has one of the protocol's six types. Every other error is told as JobFailed.
type failure struct{ kind, message string }

func (f failure) Error() string { return f.message }

type members map[string]any // an object of JSON
type Job struct {
	Protocol, Type, JobID string
	Data                  struct {
		ActionConfiguration             struct{ Configuration map[string]string }
		InputArtifacts, OutputArtifacts []struct { // their paths begin at the working directory
			Location struct{ PathLocation struct{ Path string } }
		}
	}
	wire   *os.File // for messages
	status int      // of the exit
}

func main() {
	job := &Job{wire: os.Stdout}
	os.Stdout = os.Stderr // so that whatever prints, prints into the log
	if in, err := os.Stdin.Stat(); err == nil && in.Mode()&os.ModeCharDevice != 0 && os.Getenv("PENSTOCK_PROTOCOL") == "" {
		fmt.Println("A pipeline host starts this plugin. To try it: penstock conformance run FOLDER")
		os.Exit(64)
	}
	if err := json.NewDecoder(os.Stdin).Decode(job); err == io.EOF {
		return
	} else if err != nil || job.Protocol != "penstock/1" || job.Type != "job" || job.JobID == "" {
		fmt.Println("Standard input holds something else than a job:", err)
		os.Exit(65)
	}
	// SIGTERM cancels the job, and so does SIGPIPE, which says that nobody reads the messages.
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGPIPE)
	job.serve(ctx)
	os.Exit(job.status)
}

func (job *Job) serve(ctx context.Context) {
	defer func() {
		if fault := recover(); fault != nil {
			job.fail(fmt.Errorf("the plugin has a fault: %v", fault))
			panic(fault) // tells the log where
		}
	}()
	result, err := work(ctx, job)
	if err == nil {
		job.send("jobSuccessResult", result)
		return
	}
	select {
	case <-ctx.Done():
		job.send("jobAbandonedResult", members{})
	case <-time.After(time.Second / 10): // SIGTERM may have ended a child before we know of it
		job.fail(err)
	}
}

func (job *Job) fail(err error) {
	details := failure{"JobFailed", fmt.Sprintf("%.5000s", err)}
	errors.As(err, &details)
	job.send("jobFailureResult", members{"failureDetails": members{"type": details.kind, "message": details.message}})
}

func (job *Job) progress(summary string, percent int) {
	job.send("progress", members{"executionDetails": members{"summary": summary, "percentComplete": percent}})
}

func (job *Job) send(kind string, message members) {
	message["protocol"], message["type"], message["jobId"] = "penstock/1", kind, job.JobID
	if err := json.NewEncoder(job.wire).Encode(message); err != nil {
		fmt.Println("A message could not be sent:", err)
		job.status = 74
	}
}
