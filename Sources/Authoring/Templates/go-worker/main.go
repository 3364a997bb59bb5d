// A Penstock plugin: a worker, which reads jobs from standard input, and writes messages to standard output.
// Your work goes into work. Several jobs run at once, so what belongs to a job stays in it, and in no global variable.
// protocol.go can stay as it is.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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
		if err := filepath.WalkDir(job.path(input), func(_ string, entry os.DirEntry, err error) error {
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
		if err := os.WriteFile(job.path(output)+"/greeting.txt", []byte(greeting+"\n"), 0o666); err != nil {
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
	child.Dir = filepath.Join(job.Workspace.Root, job.Workspace.Tmp)
	child.Stdout, child.Stderr = os.Stderr, os.Stderr // and Stdin is /dev/null
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
