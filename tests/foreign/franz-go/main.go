// Uses the schema registry at the address given as the first argument as a Go service would: franz-go's sr.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/twmb/franz-go/pkg/sr"
)

const city = `{"type":"record","name":"City","namespace":"g","fields":[{"name":"name","type":"string"}]}`
const shipment = `{"type":"record","name":"Shipment","namespace":"g","fields":[{"name":"to","type":"City"}]}`
const incompatible = `{"type":"record","name":"City","namespace":"g","fields":[{"name":"name","type":"int"}]}`

func main() {
	client, err := sr.NewClient(sr.URLs(os.Args[1]))
	check(err)
	ctx := context.Background()

	first, err := client.CreateSchema(ctx, "go/city", sr.Schema{Schema: city})
	check(err)
	reference := sr.SchemaReference{Name: "g.City", Subject: "go/city", Version: 1}
	second, err := client.CreateSchema(ctx, "go/shipment", sr.Schema{Schema: shipment, References: []sr.SchemaReference{reference}})
	check(err)
	expect("versions", fmt.Sprint(first.Version, second.Version), "1 1")
	expect("ids differ", fmt.Sprint(first.ID != second.ID), "true")

	stored, err := client.SchemaByID(ctx, second.ID)
	check(err)
	expect("text", stored.Schema, shipment)
	expect("references", fmt.Sprint(stored.References), fmt.Sprint([]sr.SchemaReference{reference}))

	found, err := client.LookupSchema(ctx, "go/city", sr.Schema{Schema: " " + city})
	check(err)
	expect("lookup", fmt.Sprint(found.ID), fmt.Sprint(first.ID))

	users, err := client.SchemaReferences(ctx, "go/city", 1)
	check(err)
	expect("referenced by", fmt.Sprint(len(users)), "1")

	set := client.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatFull}, "go/city")
	check(set[0].Err)
	got := client.Compatibility(ctx, "go/city")
	check(got[0].Err)
	expect("level", got[0].Level.String(), "FULL")

	verdict, err := client.CheckCompatibility(sr.WithParams(ctx, sr.Verbose), "go/city", -1, sr.Schema{Schema: incompatible})
	check(err)
	expect("incompatible", fmt.Sprint(verdict.Is, len(verdict.Messages) > 0), "false true")

	_, err = client.CreateSchema(ctx, "go/city", sr.Schema{Schema: incompatible})
	var refused *sr.ResponseError
	expect("refused", fmt.Sprint(errors.As(err, &refused)), "true")
	expect("status", fmt.Sprint(refused.StatusCode), "409")

	var header sr.ConfluentHeader
	framed, err := header.AppendEncode(nil, first.ID, nil)
	check(err)
	expect("frame", fmt.Sprint(len(framed)), "5")

	subjects, err := client.Subjects(ctx)
	check(err)
	expect("subjects", fmt.Sprint(subjects), "[go/city go/shipment]")
	removed, err := client.DeleteSubject(ctx, "go/shipment", sr.SoftDelete)
	check(err)
	expect("removed", fmt.Sprint(removed), "[1]")
	_, err = client.DeleteSubject(ctx, "go/shipment", sr.HardDelete)
	check(err)
	fmt.Println("ok")
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func expect(what, got, want string) {
	if got != want {
		check(fmt.Errorf("%s: got %s, want %s", what, got, want))
	}
}
