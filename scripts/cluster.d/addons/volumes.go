package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v11/controller"
)

// folders makes a volume of a folder of the one node. The volumes are of the kind `local`, as the kubelet gives a
// `hostPath` to a pod's group (fsGroup) not at all, and storage of a real cluster does.
type folders struct {
	root string
}

func (f folders) Provision(_ context.Context, wanted controller.ProvisionOptions) (*core.PersistentVolume, controller.ProvisioningState, error) {
	if wanted.SelectedNode == nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("no node was chosen for %s", wanted.PVName)
	}
	folder := filepath.Join(f.root, wanted.PVName)
	// As a new disk: of root, and with the folder that its file system makes.
	if err := os.MkdirAll(filepath.Join(folder, "lost+found"), 0o700); err != nil {
		return nil, controller.ProvisioningNoChange, err
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		return nil, controller.ProvisioningNoChange, err
	}
	host := wanted.SelectedNode.Labels[core.LabelHostname]
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: wanted.PVName},
		Spec: core.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *wanted.StorageClass.ReclaimPolicy,
			AccessModes:                   wanted.PVC.Spec.AccessModes,
			Capacity:                      core.ResourceList{core.ResourceStorage: wanted.PVC.Spec.Resources.Requests[core.ResourceStorage]},
			PersistentVolumeSource:        core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: folder}},
			NodeAffinity: &core.VolumeNodeAffinity{Required: &core.NodeSelector{NodeSelectorTerms: []core.NodeSelectorTerm{{
				MatchExpressions: []core.NodeSelectorRequirement{{
					Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{host},
				}},
			}}}},
		},
	}, controller.ProvisioningFinished, nil
}

func (f folders) Delete(_ context.Context, volume *core.PersistentVolume) error {
	return os.RemoveAll(filepath.Join(f.root, volume.Name))
}

func volumes(arguments []string) error {
	flags := flag.NewFlagSet("volumes", flag.ContinueOnError)
	config := flags.String("kubeconfig", "", "how to reach the API server")
	root := flags.String("root", "", "the folder of the volumes' folders")
	name := flags.String("name", "edk.local/folders", "the provisioner that the StorageClass names")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	access, err := clientcmd.BuildConfigFromFlags("", *config)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return err
	}
	ctx := context.Background()
	controller.NewProvisionController(ctx, client, *name, folders{*root}, controller.LeaderElection(false)).Run(ctx)
	return nil
}
